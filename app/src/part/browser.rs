//! Any view, in the browser.
//!
//! Leptos' own erased view can also be awaited, be asked for its elements and be given attributes. Nothing of this page
//! does: all that the server rendered is there when the browser takes it over. What is never done is left out.

use std::any::{Any, TypeId};

use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::types::{Element, Node};
use leptos::tachys::view::add_attr::AddAnyAttr;
use leptos::tachys::view::{Mountable, Position, PositionState};

/// Any view.
pub(crate) struct Part(Box<dyn Inside>);

impl Part {
    pub(super) fn changing<V: RenderHtml + 'static>(view: V) -> Self {
        // A view of nothing would need a mark in the document by which it is found again.
        const { assert!(V::EXISTS, "a part shows something") };
        Self(Box::new(Changing(view)))
    }

    pub(super) fn taken<V: RenderHtml + 'static>(view: V) -> Self {
        const { assert!(V::EXISTS, "a part shows something") };
        Self(Box::new(Taken(view)))
    }

    pub(super) fn fixed<V: RenderHtml + 'static>(view: V) -> Self {
        const { assert!(V::EXISTS, "a part shows something") };
        Self(Box::new(Fixed(view)))
    }
}

/// A view that is brought up to date where it stands.
struct Changing<V>(V);

/// A view that stands in the document from its beginning to its end.
struct Taken<V>(V);

/// A view in whose place another one is put.
struct Fixed<V>(V);

/// What a part is made of.
trait Inside: Send {
    fn build_part(self: Box<Self>) -> PartState;

    fn hydrate_part(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> PartState;

    /// Brings what stands in the document up to date; it is of another kind where the part is given back.
    fn rebuild_part(self: Box<Self>, state: &mut PartState) -> Option<Part>;
}

impl<V: RenderHtml + 'static> Inside for Changing<V> {
    fn build_part(self: Box<Self>) -> PartState {
        PartState { kind: Some(TypeId::of::<V>()), standing: Box::new(self.0.build()) }
    }

    fn hydrate_part(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> PartState {
        PartState { kind: Some(TypeId::of::<V>()), standing: Box::new(self.0.hydrate::<true>(cursor, position)) }
    }

    fn rebuild_part(self: Box<Self>, state: &mut PartState) -> Option<Part> {
        // Other views may have the same state, so that its type does not tell.
        match (state.kind == Some(TypeId::of::<V>())).then(|| state.standing.any().downcast_mut()).flatten() {
            Some(standing) => {
                self.0.rebuild(standing);
                None
            }
            None => Some(Part(self)),
        }
    }
}

impl<V: RenderHtml + 'static> Inside for Fixed<V> {
    fn build_part(self: Box<Self>) -> PartState {
        PartState { kind: None, standing: Box::new(self.0.build()) }
    }

    fn hydrate_part(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> PartState {
        PartState { kind: None, standing: Box::new(self.0.hydrate::<true>(cursor, position)) }
    }

    fn rebuild_part(self: Box<Self>, _: &mut PartState) -> Option<Part> {
        Some(Part(self))
    }
}

impl<V: RenderHtml + 'static> Inside for Taken<V> {
    fn build_part(self: Box<Self>) -> PartState {
        debug_assert!(false, "a part of the server's document is made by the browser");
        PartState { kind: None, standing: Box::new(()) }
    }

    fn hydrate_part(self: Box<Self>, cursor: &Cursor, position: &PositionState) -> PartState {
        PartState { kind: None, standing: Box::new(Kept(self.0.hydrate::<true>(cursor, position))) }
    }

    fn rebuild_part(self: Box<Self>, _: &mut PartState) -> Option<Part> {
        debug_assert!(false, "a part of the server's document is made again");
        None
    }
}

/// What goes on in a part that nobody moves; it would end if it were dropped.
struct Kept<S>(S);

impl<S: 'static> Standing for Kept<S> {
    fn any(&mut self) -> &mut dyn Any {
        self
    }

    fn unmount_part(&mut self) {}

    fn mount_part(&mut self, _: &Element, _: Option<&Node>) {}

    fn insert_before_part(&self, _: &mut dyn Mountable) -> bool {
        false
    }
}

/// A part that stands in the document.
pub(crate) struct PartState {
    /// What it is made of, where that can be brought up to date.
    kind: Option<TypeId>,
    standing: Box<dyn Standing>,
}

trait Standing {
    fn any(&mut self) -> &mut dyn Any;

    fn unmount_part(&mut self);

    fn mount_part(&mut self, parent: &Element, marker: Option<&Node>);

    fn insert_before_part(&self, child: &mut dyn Mountable) -> bool;
}

impl<S: Mountable + 'static> Standing for S {
    fn any(&mut self) -> &mut dyn Any {
        self
    }

    fn unmount_part(&mut self) {
        self.unmount();
    }

    fn mount_part(&mut self, parent: &Element, marker: Option<&Node>) {
        self.mount(parent, marker);
    }

    fn insert_before_part(&self, child: &mut dyn Mountable) -> bool {
        self.insert_before_this(child)
    }
}

impl Mountable for PartState {
    fn unmount(&mut self) {
        self.standing.unmount_part();
    }

    fn mount(&mut self, parent: &Element, marker: Option<&Node>) {
        self.standing.mount_part(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.standing.insert_before_part(child)
    }

    /// Asked for by views that are given attributes from outside.
    fn elements(&self) -> Vec<Element> {
        Vec::new()
    }
}

impl Render for Part {
    type State = PartState;

    fn build(self) -> PartState {
        self.0.build_part()
    }

    fn rebuild(self, state: &mut PartState) {
        if let Some(other) = self.0.rebuild_part(state) {
            let mut new = other.build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
        }
    }
}

/// A part has its attributes inside.
impl AddAnyAttr for Part {
    type Output<NewAttr: Attribute> = Self;

    fn add_any_attr<NewAttr: Attribute>(self, _: NewAttr) -> Self
    where
        Self: RenderHtml,
    {
        self
    }
}

/// A browser takes over what a server wrote, and writes nothing itself.
impl RenderHtml for Part {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, cursor: &Cursor, position: &PositionState) -> PartState {
        self.0.hydrate_part(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}
