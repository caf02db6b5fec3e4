//! Menus that make their insides when they are opened: columns, watchlist.

use leptos::prelude::*;
use memescope::TokenQuery;

use crate::address::PageAddress;
use crate::board_state::BoardState;
use crate::part::{Part, live, live_part, on, part};
use crate::token_table::{COLUMNS, Column};

/// A menu whose insides are made when it is opened for the first time.
pub(crate) fn menu(
    class: &'static str,
    title: &'static str,
    words: impl Fn() -> String + Send + 'static,
    inside: impl Fn() -> Part + Send + Sync + 'static,
) -> Part {
    let opened = RwSignal::new(false);
    part(view! {
        <details class=format!("menu needs-script {class}") name="menu" on:toggle=on(move |_| opened.set(true))>
            <summary class="pill" title=title>{live(words)}</summary>
            <div class="sheet">{live_part(move || opened.get().then(&inside))}</div>
        </details>
    })
}

/// Which columns are shown.
pub(crate) fn columns(state: BoardState) -> Part {
    menu("columns", "Which columns are shown", || "Columns".to_owned(), move || column_list(state))
}

fn column_list(state: BoardState) -> Part {
    let address = state.address;
    part(view! {
        <p class="hint">"Columns of this view; they are part of its address."</p>
        <ul class="choices">
            {live_part(move || address.with(|address| {
                COLUMNS
                    .into_iter()
                    .filter(|column| column.can_hide())
                    .map(|column| {
                        let shown = address.shows(column.name);
                        part(view! {
                            <li>
                                <a href=address.toggled(column.name) aria-pressed=shown.to_string() role="button">
                                    <span class="box" aria-hidden="true">{if shown { "✓" } else { "" }}</span>
                                    {column.label()}
                                </a>
                            </li>
                        })
                    })
                    .collect::<Vec<_>>()
            }))}
        </ul>
        <p class="actions">
            <a class="pill" href=live(move || address.with(PageAddress::with_all_columns))>"As usual"</a>
        </p>
    })
}

/// What the reader watches and hides.
pub(crate) fn watchlist(state: BoardState) -> Part {
    let words = move || match state.marked.watched.with(crate::marks::Marks::len) {
        0 => "☆ Watchlist".to_owned(),
        number => format!("★ {number}"),
    };
    menu("watchlist", "Tokens that you watch (w on a row)", words, move || watchlist_inside(state))
}

/// The address of the view of the watched tokens, in the order in which they were marked.
fn watched_href(state: BoardState) -> String {
    let ids = state.marked.watched.with(|marks| marks.joined(","));
    let pairs = [("ids".to_owned(), ids), ("min_liquidity_usd".to_owned(), "0".to_owned())];
    let query = TokenQuery::parse_page(pairs).query;
    state.address.with(|address| address.href(&query))
}

fn watchlist_inside(state: BoardState) -> Part {
    let marked = state.marked;
    let is_empty = move || marked.watched.with(|marks| marks.len() == 0);
    let shown = live_part(move || {
        if is_empty() {
            part(
                view! { <p class="hint">"Press w on a row, or its star, to watch it. The list stays in this browser."</p> },
            )
        } else {
            part(view! {
                <p class="actions">
                    <a class="pill primary" href=watched_href(state)>"Show them"</a>
                    <button r#type="button" class="pill" data-act="copy" data-text=share(&watched_href(state))>"Copy link"</button>
                </p>
            })
        }
    });
    let hidden = live_part(move || {
        let number = marked.hidden.with(crate::marks::Marks::len);
        (number > 0).then(|| {
            part(view! {
                <p class="actions">
                    <span>{format!("{number} hidden")}</span>
                    <button r#type="button" class="pill" on:click=on(move |_| unhide(state))>"Show again"</button>
                </p>
            })
        })
    });
    part(view! {
        {shown}
        <label>
            <span>"Addresses, one a line: copy them from here, or paste yours"</span>
            <textarea id="watch-list" rows="6" spellcheck="false" prop:value=live(move || marked.watched.with(|marks| marks.joined("\n")))></textarea>
        </label>
        <p class="actions">
            <button r#type="button" class="pill" on:click=on(move |_| import(state))>"Save the list"</button>
        </p>
        {hidden}
    })
}

#[cfg(feature = "hydrate")]
fn share(href: &str) -> String {
    window().location().origin().unwrap_or_default() + href
}

#[cfg(not(feature = "hydrate"))]
fn share(href: &str) -> String {
    href.to_owned()
}

#[cfg(feature = "hydrate")]
fn import(state: BoardState) {
    use wasm_bindgen::JsCast as _;
    let field = document()
        .get_element_by_id("watch-list")
        .and_then(|field| field.dyn_into::<web_sys::HtmlTextAreaElement>().ok());
    if let Some(field) = field {
        let marks = crate::marks::Marks::parse(&field.value());
        state.announcement.set(format!("{} tokens watched.", marks.len()));
        crate::browser::marks::set_watched(state, marks);
    }
}

#[cfg(not(feature = "hydrate"))]
fn import(_: BoardState) {}

#[cfg(feature = "hydrate")]
fn unhide(state: BoardState) {
    crate::browser::marks::set_hidden(state, crate::marks::Marks::default());
}

#[cfg(not(feature = "hydrate"))]
fn unhide(_: BoardState) {}

impl Column {
    /// Whether the view makes sense without it.
    pub(crate) fn can_hide(self) -> bool {
        !matches!(self.name, "rank" | "star" | "symbol")
    }
}
