//! What a request is for, by its path.

/// What a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The public REST routes.
    Rest,
    /// A server function of the page.
    ServerFunction,
    /// The handshake of a socket.
    Handshake,
    /// Pages, files, probes: what nobody is kept from.
    Free,
}

/// The first parts of the REST routes' paths.
const REST: [&str; 6] = ["tokens", "search", "meta", "sources", "events", "stream"];

impl Kind {
    pub(super) fn of(path: &str) -> Self {
        let first = path.strip_prefix('/').unwrap_or(path).split('/').next().unwrap_or_default();
        match first {
            "api" => Self::ServerFunction,
            "ws" => Self::Handshake,
            first if REST.contains(&first) => Self::Rest,
            _ => Self::Free,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_tells_what_it_is_for() {
        for (path, kind) in [
            ("/tokens", Kind::Rest),
            ("/tokens/solana/abc", Kind::Rest),
            ("/stream", Kind::Rest),
            ("/api/page", Kind::ServerFunction),
            ("/ws", Kind::Handshake),
            ("/", Kind::Free),
            ("/token/solana/abc", Kind::Free),
            ("/tokensx", Kind::Free),
            ("/pkg/memescope.css", Kind::Free),
            ("/livez", Kind::Free),
            ("*", Kind::Free),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }
}
