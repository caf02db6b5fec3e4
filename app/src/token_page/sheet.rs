//! What the server says about a token below its live row: chart, origins, pools, links.

use std::sync::Arc;

use leptos::prelude::*;
use memescope::Token;

use super::{chart, links, origins, pools};
use crate::address::decode_pairs;
use crate::filters::flag_sentence;
use crate::location::token_at;
use crate::part::{Part, part};
use crate::reader::{SheetError, TokenReader, TokenSheet};

/// What the server put into the context for the page of a token.
pub type Told = Result<TokenSheet, SheetError>;

/// Reads what the page at an address shows; `None` where that is no page of a token. `search` stands after `?`.
pub async fn read_sheet(reader: &dyn TokenReader, path: &str, search: &str) -> Option<Told> {
    let id = token_at(path)?;
    let named = decode_pairs(search).into_iter().find(|(name, _)| name == "interval");
    let interval = named.and_then(|(_, value)| value.parse().ok());
    Some(reader.sheet(&id, interval).await)
}

/// Looks at the sheet of the page that is asked for.
pub(crate) fn of_request<T>(look: impl FnOnce(&TokenSheet) -> T) -> Option<T> {
    let told = use_context::<Arc<Told>>()?;
    told.as_ref().as_ref().ok().map(look)
}

/// Says why there is no sheet, and with which status.
pub(super) fn refuse() -> String {
    let told = use_context::<Arc<Told>>();
    let error = told.and_then(|told| told.as_ref().as_ref().err().copied()).unwrap_or(SheetError::Unknown);
    let (status, title, words) = match error {
        SheetError::Unknown => {
            (http::StatusCode::NOT_FOUND, "Nobody knows this token", "Neither the board nor DexScreener has it.")
        }
        SheetError::Unavailable => (
            http::StatusCode::SERVICE_UNAVAILABLE,
            "This token is not on the board",
            "DexScreener, which may know it, cannot be asked just now. Reload in a few seconds.",
        ),
    };
    if let Some(response) = use_context::<leptos_axum::ResponseOptions>() {
        response.set_status(status);
    }
    view! {
        <h1>{title}</h1>
        <p>{words}</p>
        <p><a href="/" rel="external">"Go to the board"</a></p>
    }
    .to_html()
}

/// The markup.
pub(crate) fn html(sheet: &TokenSheet) -> String {
    let Some(token) = sheet.token() else { return String::new() };
    view! {
        {(!sheet.is_on_board).then(|| view! {
            <p class="notice">"Looked up just now: the board does not follow this token, so these numbers stand still."</p>
        })}
        {flags(token)}
        {links::view(token)}
        {chart::view(sheet)}
        <div class="halves">
            {origins::view(token, sheet.page.as_of)}
            {pools::view(sheet)}
        </div>
        {aliases(sheet)}
    }
    .to_html()
}

/// Each flag in a sentence, with who gave the reason and since when.
fn flags(token: &Token) -> Part {
    let rows: Vec<_> = token
        .flags
        .iter()
        .map(|flag| {
            let class = if flag.is_warning() { "badge warn" } else { "badge" };
            let detail = token.provenance.flags.iter().find(|detail| detail.code == *flag);
            let words = detail.map_or_else(|| flag_sentence(*flag).to_owned(), |detail| detail.detail.clone());
            let by = detail.map(|detail| {
                let source = detail.source.map_or("Memescope", |source| source.label());
                view! { <span class="by">{format!("{source}, since {}", detail.since)}</span> }
            });
            view! {
                <li>
                    <span class=class>{flag.words()}</span>
                    <span>{words}</span>
                    {by}
                </li>
            }
        })
        .collect();
    part(view! {
        <section class="flags" aria-label="Flags">
            {(!rows.is_empty()).then(|| view! { <ul>{rows}</ul> })}
            <p class="care">"No flag does not mean safe."</p>
        </section>
    })
}

/// Other names that sources give it: an imitation often shows here.
fn aliases(sheet: &TokenSheet) -> Option<Part> {
    let names: Vec<_> = sheet.aliases.iter().map(|name| view! { <li><bdi>{name.to_string()}</bdi></li> }).collect();
    (!names.is_empty()).then(|| {
        part(view! {
            <section class="aliases" aria-labelledby="aliases-title">
                <h2 id="aliases-title">"Other names that sources give it"</h2>
                <ul>{names}</ul>
            </section>
        })
    })
}
