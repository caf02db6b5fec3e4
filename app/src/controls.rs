//! The row of controls: rank, window, filters, hold.

use leptos::prelude::*;
use memescope::{Rank, Window};

use crate::address::PageAddress;
use crate::alerts_menu;
use crate::board_state::BoardState;
use crate::filters::{self, Chip};
use crate::menus;
use crate::part::{fixed, live, live_part, memo, on, part};
use crate::search::carried;

/// The windows of the switch.
const WINDOWS: [Window; 5] = Window::ALL;

/// The fields of the filter form.
const FIELDS: [(&str, &str, &str); 12] = [
    ("min_liquidity_usd", "Liquidity from, USD", "10000"),
    ("max_liquidity_usd", "to", "any"),
    ("min_volume_usd", "Volume from, USD", "any"),
    ("max_volume_usd", "to", "any"),
    ("min_market_cap_usd", "Market cap from, USD", "any"),
    ("max_market_cap_usd", "to", "any"),
    ("min_change_pct", "Change from, %", "any"),
    ("max_change_pct", "to", "any"),
    ("min_txns", "Transactions from", "any"),
    ("min_holders", "Holders from", "any"),
    ("min_age", "Age from", "30m, 24h"),
    ("max_age", "to", "7d"),
];

/// Views that many ask for, and what they are called.
const PRESETS: [(&str, &str); 4] = [
    ("Young and liquid", "/?rank=new&window=h1&min_liquidity_usd=50000&max_age=24h"),
    ("Rising this hour", "/?rank=gainers&window=h1&min_liquidity_usd=50000&min_txns=50"),
    (
        "Fewer ways to lose",
        "/?min_liquidity_usd=100000&verified=true&without_flags=mint_authority,freeze_authority,top10_concentration",
    ),
    ("Everything", "/?min_liquidity_usd=0"),
];

/// The row of controls.
#[component]
pub(crate) fn Controls(state: BoardState) -> impl IntoView {
    let address = state.address;
    view! {
        <div class="controls">
            <nav class="segment" aria-label="Ranking">
                {live_part(move || address.with(|address| {
                    Rank::ALL
                        .into_iter()
                        .map(|rank| {
                            let current = address.query.rank == rank && address.query.sort.is_none();
                            part(view! {
                                <a
                                    href=address.ranked_by(rank)
                                    data-rank=rank.name()
                                    title=rank.formula()
                                    aria-current=current.then_some("true")
                                >
                                    {rank.label()}
                                </a>
                            })
                        })
                        .collect::<Vec<_>>()
                }))}
            </nav>
            <nav class="segment" aria-label="Window">
                {live_part(move || address.with(|address| {
                    WINDOWS
                        .into_iter()
                        .map(|window| {
                            let current = address.query.window == window;
                            part(view! {
                                <a
                                    href=address.over(window)
                                    data-window=window.name()
                                    aria-label=filters::window_words(window)
                                    aria-current=current.then_some("true")
                                >
                                    {window.label()}
                                </a>
                            })
                        })
                        .collect::<Vec<_>>()
                }))}
            </nav>
            <div class="chips">
                {live_part(move || address.with(|address| {
                    filters::chips(&address.query)
                        .into_iter()
                        .map(|chip| {
                            let Chip { key, name, value } = chip;
                            let remove = format!("Remove the filter {name} {value}");
                            part(view! {
                                <span class="chip" data-testid=format!("chip-{key}")>
                                    {name}
                                    " "
                                    <b>{value}</b>
                                    <a href=address.without(&key) aria-label=remove.clone() title=remove>
                                        <span aria-hidden="true">"×"</span>
                                    </a>
                                </span>
                            })
                        })
                        .collect::<Vec<_>>()
                }))}
                <FilterForm state />
            </div>
            <div class="tools">
                <HoldPill state />
                {live_part(move || address.with(|address| {
                    let words = if address.is_in_sol() { "SOL" } else { "USD" };
                    let title = "Prices in USD or in SOL";
                    part(view! { <a class="pill unit" href=address.in_other_unit() title=title>{words}</a> })
                }))}
                {menus::watchlist(state)}
                {alerts_menu::alerts(state)}
                {menus::columns(state)}
                <a
                    class="pill export"
                    href=live(move || address.with(PageAddress::export_href))
                    rel="external"
                    download=""
                    title="Every row that passes the filters, as CSV"
                >
                    "Export"
                </a>
            </div>
        </div>
    }
}

/// What waits while the order is held, and the way to let it go.
#[component]
fn HoldPill(state: BoardState) -> impl IntoView {
    let waiting = memo(move |_| state.waiting_moves());
    let asked = memo(move |_| state.holds.with(|holds| holds.asked));
    let words = live(move || match (waiting.get(), asked.get()) {
        (0, false) => "Hold".to_owned(),
        (0, true) => "Held".to_owned(),
        (1, _) => "Held: 1 move waiting".to_owned(),
        (moves, _) => format!("Held: {moves} moves waiting"),
    });
    let click = move |_| {
        if waiting.get_untracked() > 0 {
            state.holds.update(|holds| holds.asked = false);
            state.release();
        } else {
            state.holds.update(|holds| holds.asked = !holds.asked);
        }
    };
    view! {
        <button
            r#type="button"
            class="pill hold needs-script"
            class:waiting=live(move || waiting.get() > 0 || asked.get())
            aria-pressed=live(move || asked.get().to_string())
            data-testid="hold"
            title="Holds the order still while the values go on (Space)"
            on:click=on(click)
        >
            {words}
        </button>
    }
}

/// The form of more filters: a GET form of the page's own address.
#[component]
fn FilterForm(state: BoardState) -> impl IntoView {
    let address = state.address;
    let fields = live_part(move || {
        address.with(|address| {
            let pairs = address.query.to_page_pairs();
            let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
            FIELDS
                .into_iter()
                .map(|(key, label, hint)| {
                    part(view! {
                        <label>
                            <span>{label}</span>
                            <input name=key value=value(key) placeholder=hint inputmode="text" autocomplete="off" />
                        </label>
                    })
                })
                .collect::<Vec<_>>()
        })
    });
    let names: Vec<&str> = FIELDS.iter().map(|(key, ..)| *key).chain(["verified"]).collect();
    let verified = live(move || address.with(|address| address.query.verified == Some(true)));
    view! {
        <details class="menu filter-menu" name="menu">
            <summary class="pill">"+ Filter"</summary>
            <form class="sheet filters" method="get" action="/" on:submit=on(submit_filters(state))>
                <p class="presets">
                    {PRESETS
                        .into_iter()
                        .map(|(words, href)| fixed(view! { <a class="pill" href=href>{words}</a> }))
                        .collect::<Vec<_>>()}
                </p>
                {fields}
                <label class="check">
                    <input r#type="checkbox" name="verified" value="true" checked=verified />
                    <span>"Verified only"</span>
                </label>
                {live_part(move || carried(&address.get(), &names))}
                <div class="actions">
                    <button r#type="submit" class="primary">"Apply"</button>
                    <a class="pill" href="/">"Reset the view"</a>
                </div>
                <p class="hint">"No flag does not mean safe."</p>
            </form>
        </details>
    }
}

#[cfg(feature = "hydrate")]
fn submit_filters(state: BoardState) -> impl Fn(leptos::ev::SubmitEvent) + Send + 'static {
    move |event| {
        event.prevent_default();
        let names: Vec<&str> = FIELDS.iter().map(|(key, ..)| *key).chain(["verified"]).collect();
        let fields = names.iter().map(|name| ((*name).to_owned(), crate::browser::form::field(&event, name)));
        let fields: Vec<(String, String)> = fields.filter(|(_, value)| !value.trim().is_empty()).collect();
        let href = state.address.with_untracked(|address| address.href_of_pairs(&names, fields));
        crate::browser::form::close_menus();
        crate::browser::history::go(state.location, &href);
    }
}

#[cfg(not(feature = "hydrate"))]
fn submit_filters(_: BoardState) -> impl Fn(leptos::ev::SubmitEvent) + Send + 'static {
    |_| {}
}
