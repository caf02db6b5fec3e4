//! How a reader wants the page to look: theme, palette, density, kept in one cookie.
//!
//! The server writes them as attributes of `<html>`, so the first paint is right; what is at its default is no
//! attribute, and the theme then follows the system.

/// The cookie: `theme.palette.density`, for example `dark.cvd.compact`.
pub(crate) const COOKIE: &str = "memescope_look";

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $value:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) enum $name {
            #[default]
            $($(#[$variant_doc])* $variant,)*
        }

        #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser lets one choose"))]
        impl $name {
            /// Every choice, the default first.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in the cookie and in attributes.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$variant => $value),* }
            }

            /// The label that a person reads.
            pub(crate) const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label),* }
            }

            /// The attribute's value; none for the default.
            pub(crate) fn attribute(self) -> Option<&'static str> {
                (self != Self::default()).then(|| self.name())
            }

            fn parse(text: &str) -> Self {
                Self::ALL.iter().copied().find(|choice| choice.name() == text).unwrap_or_default()
            }
        }
    };
}

choice! {
    /// Bright or dark.
    Theme { Auto = "auto", "System"; Dark = "dark", "Dark"; Light = "light", "Light"; }
}

choice! {
    /// The pair of colours for up and down.
    Palette { Mint = "mint", "Mint and coral"; Cvd = "cvd", "Blue and orange"; East = "east", "Red is up"; }
}

choice! {
    /// How high a row is.
    Density { Comfortable = "comfortable", "Comfortable"; Compact = "compact", "Compact"; Roomy = "roomy", "Roomy"; }
}

/// How a reader wants the page to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    pub(crate) theme: Theme,
    pub(crate) palette: Palette,
    pub(crate) density: Density,
}

impl Preferences {
    /// Reads a `Cookie` header; whatever cannot be read is at its default.
    pub(crate) fn of_cookies(header: &str) -> Self {
        let value = header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == COOKIE).then_some(value))
            .unwrap_or_default();
        let mut parts = value.split('.');
        let mut next = || parts.next().unwrap_or_default();
        Self { theme: Theme::parse(next()), palette: Palette::parse(next()), density: Density::parse(next()) }
    }

    /// The cookie's value.
    #[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only a browser lets one choose"))]
    pub(crate) fn to_cookie(self) -> String {
        format!("{}.{}.{}", self.theme.name(), self.palette.name(), self.density.name())
    }

    /// What the request's cookie says.
    #[cfg(feature = "ssr")]
    pub(crate) fn of_request() -> Self {
        leptos::prelude::use_context::<http::request::Parts>()
            .and_then(|parts| parts.headers.get(http::header::COOKIE)?.to_str().ok().map(Self::of_cookies))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_and_written() {
        let look = Preferences { theme: Theme::Dark, palette: Palette::Cvd, density: Density::Compact };
        let header = format!("a=b; {COOKIE}={}; c=d", look.to_cookie());
        assert_eq!(Preferences::of_cookies(&header), look);
        assert_eq!(look.theme.attribute(), Some("dark"));
    }

    #[test]
    fn nonsense_is_the_default_and_the_default_is_no_attribute() {
        for header in ["", "memescope_look", "memescope_look=neon.x.y.z", "memescope_look=<script>"] {
            let look = Preferences::of_cookies(header);
            assert_eq!(look, Preferences::default(), "{header}");
            assert_eq!(
                (look.theme.attribute(), look.palette.attribute(), look.density.attribute()),
                (None, None, None)
            );
        }
    }
}
