//! On wide screens a token opens beside the board, at the same address that its own page has.

use leptos::prelude::*;
use memescope::TokenId;

use crate::board_state::BoardState;
use crate::location::token_href;
use crate::part::{Part, live_fixed, part};
use crate::token_table::live_row;

/// The place of the panel: empty until a token is opened.
pub(crate) fn panel(state: BoardState) -> Part {
    part(view! {
        {live_fixed(move || state.location.panel.get().map(|id| opened(state, &id)))}
    })
}

fn opened(state: BoardState, id: &TokenId) -> Part {
    #[cfg(feature = "hydrate")]
    crate::browser::panel::opened(state, id.clone());
    part(view! {
        <aside class="panel token-sheet" aria-label="Token" data-testid="panel">
            <p class="card-head">
                <a class="pill" href=token_href(id) rel="external" target="_blank">"Open alone"</a>
                <button r#type="button" class="pill" data-act="close-panel" aria-label="Close">"×"</button>
            </p>
            {live_row(state, id)}
            <div id="sheet"></div>
        </aside>
    })
}
