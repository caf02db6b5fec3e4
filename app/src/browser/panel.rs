//! Opening tokens beside the board, where there is room for both.

use leptos::prelude::*;
use memescope::TokenId;

use crate::board_state::BoardState;
use crate::browser::{history, sheet};
use crate::location::{Location, token_href};

/// From this width on there is room for a panel, CSS pixels.
const ROOM: f64 = 1_500.0;

/// Whether a token opens beside the board.
pub(crate) fn fits(location: Location) -> bool {
    let width = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
    location.is_board() && width >= ROOM
}

/// Opens a token: beside the board where there is room, else as its own page.
pub(super) fn open(location: Location, id: &TokenId) {
    let href = token_href(id);
    if fits(location) {
        history::go_beside(location, &href);
    } else {
        let _ = window().location().set_href(&href);
    }
}

/// The panel of a token stands in the document: what belongs below its row is asked for, and followed.
pub(crate) fn opened(state: BoardState, id: TokenId) {
    request_animation_frame(move || sheet::fill(state, &id));
}
