//! What rows show of the past: asked for when rows come into view, and again from time to time.

use std::time::Duration;

use leptos::prelude::*;
use memescope::TokenId;

use crate::board_state::BoardState;
use crate::browser::is_worth_asking;
use crate::server_fns::load_extras;

/// How long new rows wait for others.
const WAIT: Duration = Duration::from_millis(250);

/// How often what is in view is asked for again.
const RENEW: Duration = Duration::from_secs(15);

/// Follows the rows in view.
pub(super) fn start(state: BoardState) {
    let due = StoredValue::new(false);
    Effect::new(move |_| {
        let missing = state.mounted().iter().any(|id| !state.has_extras(id));
        if missing && !due.get_value() {
            due.set_value(true);
            set_timeout(
                move || {
                    due.set_value(false);
                    ask(state, |state, id| !state.has_extras(id));
                },
                WAIT,
            );
        }
    });
    if let Ok(handle) = set_interval_with_handle(move || ask(state, |_, _| true), RENEW) {
        on_cleanup(move || handle.clear());
    }
}

fn ask(state: BoardState, which: fn(&BoardState, &TokenId) -> bool) {
    if !is_worth_asking(state) {
        return;
    }
    let ids: Vec<TokenId> = untrack(|| state.mounted()).into_iter().filter(|id| which(&state, id)).collect();
    if ids.is_empty() {
        return;
    }
    let (search, generation) = (state.location.search.get_untracked(), state.generation_now());
    let named = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    leptos::task::spawn_local(async move {
        // What does not come now is asked for again.
        let Ok(extras) = load_extras(search, named).await else { return };
        if state.generation_now() == generation {
            state.take_extras(ids, extras);
        }
    });
}
