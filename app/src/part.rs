//! Parts of the page as types without their insides.
//!
//! A view is a type that holds those of all its elements, and whatever is made for such a type is made anew for each: in
//! the browser's module that would be most of it. So views meet each other as [`Part`]s, and closures that follow
//! signals as [`Live`] values: what goes around them is there once.

#[cfg(feature = "hydrate")]
mod browser;

use leptos::prelude::*;

/// Any view.
#[cfg(feature = "hydrate")]
pub(crate) use self::browser::Part;
/// Any view.
#[cfg(not(feature = "hydrate"))]
pub(crate) type Part = AnyView;

/// Hides what a view is made of. When it is made again, what stands in the document is brought up to date.
pub(crate) fn part(view: impl IntoView + 'static) -> Part {
    #[cfg(feature = "hydrate")]
    return Part::changing(view);
    #[cfg(not(feature = "hydrate"))]
    view.into_any()
}

/// Hides what a view is made of that is made once: what changes in it are its [`Live`] values. Made again, it takes the
/// place of what stands in the document.
pub(crate) fn fixed(view: impl IntoView + 'static) -> Part {
    #[cfg(feature = "hydrate")]
    return Part::fixed(view);
    #[cfg(not(feature = "hydrate"))]
    view.into_any()
}

/// Hides what a view is made of that the server alone makes: the browser takes it over with the document, and keeps it as
/// long as that.
pub(crate) fn taken(view: impl IntoView + 'static) -> Part {
    #[cfg(feature = "hydrate")]
    return Part::taken(view);
    #[cfg(not(feature = "hydrate"))]
    view.into_any()
}

/// What happens on an event, as a type that depends on the event alone.
pub(crate) fn on<E: 'static>(happens: impl FnMut(E) + Send + 'static) -> Box<dyn FnMut(E) + Send> {
    Box::new(happens)
}

/// A value of the page that follows signals.
pub(crate) type Live<T> = Box<dyn FnMut() -> T + Send>;

/// Hides how a value follows signals.
pub(crate) fn live<T>(follow: impl FnMut() -> T + Send + 'static) -> Live<T> {
    Box::new(follow)
}

/// A part of the page that follows signals.
pub(crate) fn live_part<V: IntoView + 'static>(mut follow: impl FnMut() -> V + Send + 'static) -> Live<Part> {
    Box::new(move || part(follow()))
}

/// The same of a part that comes and goes as a whole.
pub(crate) fn live_fixed<V: IntoView + 'static>(mut follow: impl FnMut() -> V + Send + 'static) -> Live<Part> {
    Box::new(move || fixed(follow()))
}

/// A memo whose kind depends on its value alone, not on how that is derived.
pub(crate) fn memo<T: PartialEq + Send + Sync + 'static>(
    derive: impl Fn(Option<&T>) -> T + Send + Sync + 'static,
) -> Memo<T> {
    type Derive<T> = dyn Fn(Option<&T>) -> T + Send + Sync;
    let derive: Box<Derive<T>> = Box::new(derive);
    Memo::new(derive)
}
