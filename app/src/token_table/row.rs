//! A row: its cells follow the signal of its token, each by itself.

use std::time::Duration;

use leptos::prelude::*;
use memescope::fnv::Fnv;
use memescope::{Flag, TokenId, Window, dex_label};

use super::cells::{self, cell};
use super::price_cell::price_cell;
use super::slots::{Shown, Slot};
use crate::board_state::{BoardState, Row};
use crate::filters::flag_sentence;
use crate::letters;
use crate::location::token_href;
use crate::part::{Live, Part, fixed, live, live_part, memo, part};
use crate::reader::RowExtras;

/// How many badges stand beside a symbol before the rest is counted.
const BADGES: usize = 2;

/// How many hues letter tiles have.
const HUES: u64 = 12;

/// Through how many steps the mark at a row's edge fades, and how many seconds one is.
const FADE_STEPS: u64 = 9;
const FADE_STEP_SECS: u64 = 10;

/// The row of a slot, which shows `first` in the beginning.
pub(super) fn row(state: BoardState, window: Memo<Window>, number: usize, first: &Shown<Row>) -> Part {
    let slot = Slot::new(first.of.clone(), state.place_of(first));
    state.add_slot(number, slot);
    let class = memo(move |_| {
        let (id, stale) = slot.row().with(|token| (token.id.clone(), token.stale));
        match (state.left.with(|left| left.contains(&id)), stale) {
            (true, _) => Some("left"),
            (false, true) => Some("stale"),
            (false, false) => None,
        }
    });
    let step = memo(move |_| fading(state.now.get().since(slot.row().with(|token| token.updated_at))));
    let extras = memo(move |_| state.extras_of(&slot.id()));
    let trend = live(move || extras.with(|extras| extras.trend.clone().unwrap_or_default()));
    let rank_class = live(move || format!("rank fresh-{}", step.get()));
    let changes = [Window::M5, Window::H1, Window::H6, Window::H24].map(|of| {
        let name = match of {
            Window::M5 => "change_m5",
            Window::H1 => "change_h1",
            Window::H6 => "change_h6",
            Window::H24 | Window::D7 => "change_h24",
        };
        cell(name, cells::change(slot, of))
    });
    let [m5, h1, h6, h24] = changes;
    fixed(view! {
        <tr
            id=element_id(number)
            data-id=live(move || slot.id().to_string())
            tabindex="-1"
            aria-rowindex=live(move || (slot.place() + 1).to_string())
            class=live(move || class.get().map(str::to_owned))
        >
            <td data-col="rank" class=rank_class>
                {live(move || slot.place().to_string())}
                {drift(extras)}
            </td>
            {star(state, slot)}
            {identity(slot)}
            {price_cell(state, slot)}
            {cell("price_sol", cells::price_sol(slot))}
            <td data-col="trend">
                <svg class="trend" viewBox="0 0 200 48" width="100" height="24" aria-hidden="true" inner_html=trend></svg>
            </td>
            {m5}
            {h1}
            {h6}
            {h24}
            {cell("volume_usd", cells::volume(slot, window))}
            {cells::txns(slot, window)}
            {cell("liquidity_usd", cells::liquidity(slot))}
            {cell("market_cap_usd", cells::market_cap(slot))}
            {cell("age", cells::age(state, slot))}
        </tr>
    })
}

/// The name of a slot's row in the document.
pub(crate) fn element_id(number: usize) -> String {
    format!("row-{number}")
}

/// How many places the row rose or fell in five minutes.
fn drift(extras: Memo<RowExtras>) -> Live<Part> {
    let risen = memo(move |_| extras.with(|extras| extras.risen));
    live_part(move || {
        risen.get().filter(|places| *places != 0).map(|places| {
            let (class, sign, word) =
                if places > 0 { ("drift up", "↑", "up") } else { ("drift down", "↓", "down") };
            let places = places.unsigned_abs();
            let words = format!("{word} {places} since five minutes ago");
            let title = words.clone();
            part(view! {
                <span class=class title=title>
                    <span aria-hidden="true">{format!("{sign}{places}")}</span>
                    <span class="vh">{words}</span>
                </span>
            })
        })
    })
}

/// The star by which a row is watched. The keyboard has a key for it, so that it does not stop at every row.
fn star(state: BoardState, slot: Slot) -> Part {
    let watched = memo(move |_| {
        let id = slot.id();
        state.marked.watched.with(|marks| marks.contains(&id))
    });
    fixed(view! {
        <td data-col="star">
            <button
                r#type="button"
                class="star needs-script"
                data-act="watch"
                tabindex="-1"
                aria-label="Watch"
                aria-pressed=live(move || watched.get().to_string())
            >
                {live(move || if watched.get() { "★" } else { "☆" }.to_owned())}
            </button>
        </td>
    })
}

/// How far the mark at a row's edge has faded when its numbers are this old.
fn fading(age: Duration) -> u64 {
    (age.as_secs() / FADE_STEP_SECS).min(FADE_STEPS)
}

/// What the cell of a token's identity shows.
#[derive(Clone, PartialEq)]
struct Identity {
    id: TokenId,
    symbol: Option<std::sync::Arc<str>>,
    logo: Option<std::sync::Arc<str>>,
    name: Option<std::sync::Arc<str>>,
    dex: Option<std::sync::Arc<str>>,
    verified: bool,
    flags: Vec<Flag>,
}

/// The header cell of a row: letter tile, symbol, marks, name and venue.
pub(super) fn identity(slot: Slot) -> impl IntoView {
    let shown = memo(move |_| {
        slot.row().with(|token| Identity {
            id: token.id.clone(),
            symbol: token.symbol.clone(),
            logo: token.logo.clone(),
            name: token.name.clone(),
            dex: token.dex.clone(),
            verified: token.verified == Some(true),
            flags: token.flags.clone(),
        })
    });
    let content = live_part(move || {
        let Identity { id, symbol, logo, name, dex, verified, flags } = shown.get();
        let symbol = symbol.as_deref().unwrap_or("—").to_owned();
        let more = flags.len().saturating_sub(BADGES);
        let rest = flags.iter().skip(BADGES).map(|flag| flag.words()).collect::<Vec<_>>().join(", ");
        let badges: Vec<_> = flags.into_iter().take(BADGES).map(badge).collect();
        view! {
            <span class=format!("tile hue-{}", hue(&id)) aria-hidden="true">
                {letter(&symbol)}
                {logo.map(|logo| picture(&logo))}
            </span>
            <span class="who">
                <span class="what">
                    <a class="symbol" href=token_href(&id) rel="external" title=id.address().to_owned()><bdi>{symbol}</bdi></a>
                    {verified.then(tick)}
                    {badges}
                    {(more > 0).then(|| view! { <span class="badge" title=rest>{format!("+{more}")}</span> })}
                </span>
                <span class="where">
                    <bdi class="name">{name.as_deref().unwrap_or("—").to_owned()}</bdi>
                    {dex.map(|dex| view! { <span class="dex">{venue(&dex)}</span> })}
                </span>
            </span>
        }
    });
    view! {
        <td data-col="symbol">
            <div class="token">{content}</div>
        </td>
    }
}

/// A token's picture. It is made anew for another token: the old one would be seen until the new one has come.
fn picture(logo: &str) -> Part {
    fixed(view! { <img src=logo.to_owned() alt="" width="26" height="26" loading="lazy" decoding="async" /> })
}

fn tick() -> impl IntoView {
    view! {
        <span class="tick" title="Verified by Jupiter">
            <svg viewBox="0 0 10 10" width="9" height="9" aria-hidden="true">
                <path d="M1.5 5.4 4 7.8 8.5 2.4" />
            </svg>
            <span class="vh">"verified by Jupiter"</span>
        </span>
    }
}

fn badge(flag: Flag) -> Part {
    let class = match flag {
        Flag::New | Flag::Promoted | Flag::Partial => "badge",
        _ => "badge warn",
    };
    part(view! { <span class=class title=flag_sentence(flag)>{flag.words()}</span> })
}

/// The letter of a tile: the first letter or digit of the symbol.
fn letter(symbol: &str) -> String {
    letters::first(symbol).map_or_else(|| "?".to_owned(), |first| letters::capitals(&first))
}

/// The hue of a tile, from the address: the same on every machine.
fn hue(id: &TokenId) -> u64 {
    let mut hash = Fnv::default();
    hash.write(id.address().as_bytes());
    hash.finish() % HUES
}

/// A venue as people write it; one that nobody has a name for begins with a capital.
fn venue(dex: &str) -> String {
    let label = dex_label(dex);
    if label == dex { capitalised(dex) } else { label.to_owned() }
}

fn capitalised(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    letters::capitals(first) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_a_letter_whatever_the_symbol_is() {
        for (symbol, expected) in [("wif", "W"), ("$cat", "C"), ("🐸🐸", "?"), ("", "?"), ("ß", "SS"), ("猫", "猫")]
        {
            assert_eq!(letter(symbol), expected);
        }
    }

    #[test]
    fn a_mark_fades_in_steps_and_stays_faded() {
        let step = |secs: u64| fading(Duration::from_secs(secs));
        assert_eq!([0, 9, 10, 89, 90, 9_000].map(step), [0, 0, 1, 8, 9, 9]);
    }

    #[test]
    fn venues_are_written_as_people_do() {
        assert_eq!((venue("pumpswap").as_str(), venue("zora").as_str(), venue("").as_str()), ("PumpSwap", "Zora", ""));
    }
}
