//! What stands below the table: the way on, the disclaimer, the sources.

use leptos::prelude::*;

use crate::board_state::BoardState;
use crate::location::Place;
use crate::part::{live, live_part, on};
use crate::server_fns::PAGE_ROWS;

/// The link to the next rows; with JavaScript they come by themselves, and the link asks for them.
#[component]
pub(crate) fn NextPage(state: BoardState) -> impl IntoView {
    let more = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        state.problem.set(None);
        state.load_more();
    };
    let loaded = live(move || {
        let (rows, total) = (state.order.with(|order| order.len()), state.total.get());
        format!("{} of {} tokens", memescope::format::count(rows as u64), memescope::format::count(total))
    });
    view! {
        <nav class="next" aria-label="More rows">
            <span>{loaded}</span>
            {live_part(move || state.next_cursor.get().map(|cursor| {
                let href = state.address.with(|address| address.at(&cursor));
                view! { <a rel="next" class="pill" href=href on:click=on(more)>{format!("Next {PAGE_ROWS}")}</a> }
            }))}
        </nav>
    }
}

/// The footer.
#[component]
pub(crate) fn Footer(state: BoardState) -> impl IntoView {
    let at_status = state.location.place == Place::Status;
    let api =
        live(
            move || {
                if at_status {
                    "/sources".to_owned()
                } else {
                    state.address.with(crate::address::PageAddress::api_href)
                }
            },
        );
    view! {
        <footer class="foot" id="foot">
            <p class="care">"No flag does not mean safe. Nothing here is advice."</p>
            <p>
                "Data by "
                <a href="https://dexscreener.com" rel="noopener external">"DexScreener"</a>
                ", "
                <a href="https://jup.ag" rel="noopener external">"Jupiter"</a>
                ". "
                <a href="https://www.geckoterminal.com" rel="noopener external">"On-chain data by GeckoTerminal"</a>
                "."
            </p>
            <p>
                <a href=api rel="external">"This view as an API call"</a>
                " · "
                <a href="/docs" rel="external">"API"</a>
                " · "
                <a href="/status" rel="external" aria-current=at_status.then_some("page")>"Status of the sources"</a>
                <span class="version">{concat!("Memescope ", env!("CARGO_PKG_VERSION"))}</span>
            </p>
        </footer>
    }
}
