//! The menu of alerts, and what it tells when one fires.

use leptos::prelude::*;
use memescope::TokenId;

use crate::alert::{Firing, Rule};
use crate::board_state::BoardState;
use crate::location::token_href;
use crate::menus::menu;
use crate::part::{Part, live_part, on, part};

/// What a rule can wait for: the words of a rule between token and number, and their label.
const KINDS: [(&str, &str); 7] = [
    ("price above", "Price at or above, USD"),
    ("price below", "Price at or below, USD"),
    ("change m5", "Moves in 5m, %"),
    ("change h1", "Moves in 1h, %"),
    ("change h24", "Moves in 24h, %"),
    ("volume m5", "5m volume, times usual"),
    ("volume h1", "1h volume, times usual"),
];

/// The menu.
pub(crate) fn alerts(state: BoardState) -> Part {
    let words = move || match state.rules.with(Vec::len) {
        0 => "Alerts".to_owned(),
        number => format!("Alerts {number}"),
    };
    menu("alerts", "Be told when something happens", words, move || inside(state))
}

fn inside(state: BoardState) -> Part {
    let rules = live_part(move || {
        state
            .rules
            .with(|rules| rules.iter().enumerate().map(|(place, rule)| line(state, place, rule)).collect::<Vec<_>>())
    });
    let kinds: Vec<_> =
        KINDS.into_iter().map(|(words, label)| view! { <option value=words>{label}</option> }).collect();
    part(view! {
        <ul class="rules">{rules}</ul>
        <form class="rule" on:submit=on(add(state))>
            <label>
                <span>"Token: chain:address, or an address on Solana"</span>
                <input id="alert-token" name="token" autocomplete="off" spellcheck="false" required="" />
            </label>
            <label>
                <span>"When"</span>
                <select name="kind">{kinds}</select>
            </label>
            <label>
                <span>"This much"</span>
                <input name="bound" inputmode="decimal" autocomplete="off" required="" />
            </label>
            <p class="actions">
                <button r#type="submit" class="primary">"Set the alert"</button>
                <button r#type="button" class="pill" on:click=on(move |_| add_view(state))>"New in this view"</button>
            </p>
        </form>
        <p class="hint">
            "Judged every ten seconds while this page is open; at most ten times a day each, never twice in a quarter of an hour."
        </p>
        {live_part(move || permission_words(state))}
    })
}

/// A rule, and the way to be rid of it.
fn line(state: BoardState, place: usize, rule: &Rule) -> Part {
    let symbol = rule.token().map(|id| {
        let known =
            state.row(id).and_then(|row| row.with_untracked(|token| token.symbol.as_deref().map(str::to_owned)));
        known.unwrap_or_else(|| short(id))
    });
    let words = rule.words(symbol.as_deref().unwrap_or_default());
    let label = format!("Remove the alert {words}");
    part(view! {
        <li>
            <span>{words}</span>
            <button r#type="button" class="pill" aria-label=label on:click=on(move |_| remove(state, place))>"×"</button>
        </li>
    })
}

/// An address that fits into a line.
fn short(id: &TokenId) -> String {
    let address = id.address();
    match (address.get(..4), address.get(address.len().saturating_sub(4)..)) {
        (Some(first), Some(last)) => format!("{first}…{last}"),
        _ => address.to_owned(),
    }
}

fn permission_words(state: BoardState) -> Part {
    // Asked for anew with every rule.
    state.rules.track();
    let (words, asks) = match permission() {
        "granted" => ("Alerts are shown as notifications too.", false),
        "denied" => ("The browser shows no notifications of this page; alerts are shown in it.", false),
        "ask" => ("Alerts are shown in the page.", true),
        _ => ("Notifications need https or localhost; alerts are shown in the page.", false),
    };
    part(view! {
        <p class="hint">{words}</p>
        {asks.then(|| view! {
            <p class="actions"><button r#type="button" class="pill" on:click=on(|_| ask())>"Notify me too"</button></p>
        })}
    })
}

/// What fired, newest last: each is told once.
pub(crate) fn told(state: BoardState) -> Part {
    part(view! {
        <div class="told" role="alert">
            {live_part(move || state.alerts.with(|alerts| alerts.iter().map(|firing| one(state, firing)).collect::<Vec<_>>()))}
        </div>
    })
}

fn one(state: BoardState, firing: &Firing) -> Part {
    let gone = firing.clone();
    let dismiss = move |_| state.alerts.update(|alerts| alerts.retain(|other| *other != gone));
    part(view! {
        <p class="alert" data-testid="alert">
            <a href=token_href(&firing.token) rel="external">{firing.words.clone()}</a>
            <button r#type="button" class="pill" aria-label="Dismiss" on:click=on(dismiss)>"×"</button>
        </p>
    })
}

#[cfg(feature = "hydrate")]
use self::in_browser::{add, add_view, ask, permission, remove};
#[cfg(not(feature = "hydrate"))]
use self::on_server::{add, add_view, ask, permission, remove};

#[cfg(feature = "hydrate")]
mod in_browser {
    use leptos::prelude::*;

    use crate::alert::{MOST_RULES, Rule};
    use crate::board_state::BoardState;
    use crate::browser::alerts::set;
    pub(super) use crate::browser::alerts::{ask, permission};
    use crate::browser::form::field;

    /// Takes the rule that the form says.
    pub(super) fn add(state: BoardState) -> impl Fn(leptos::ev::SubmitEvent) + 'static {
        move |event| {
            event.prevent_default();
            let [token, kind, bound] = ["token", "kind", "bound"].map(|name| field(&event, name).trim().to_owned());
            let line = |token: &str| format!("{token} {kind} {bound}").parse::<Rule>().ok();
            match line(&token).or_else(|| line(&format!("solana:{token}"))) {
                Some(rule) => push(state, rule),
                None => state.announcement.set("This is no token, or no number.".to_owned()),
            }
        }
    }

    /// Takes the view of the page as a rule.
    pub(super) fn add_view(state: BoardState) {
        push(state, Rule::View(state.location.search.get_untracked()));
    }

    fn push(state: BoardState, rule: Rule) {
        let mut rules = state.rules.get_untracked();
        if rules.len() < MOST_RULES && !rules.contains(&rule) {
            rules.push(rule);
        }
        set(state, &rules);
        state.announcement.set("The alert is set.".to_owned());
        ask();
    }

    pub(super) fn remove(state: BoardState, place: usize) {
        let mut rules = state.rules.get_untracked();
        if place < rules.len() {
            rules.remove(place);
            set(state, &rules);
        }
    }
}

/// A server sets no alerts.
#[cfg(not(feature = "hydrate"))]
mod on_server {
    use crate::board_state::BoardState;

    pub(super) fn add(_: BoardState) -> impl Fn(leptos::ev::SubmitEvent) + 'static {
        |_| {}
    }

    pub(super) fn add_view(_: BoardState) {}

    pub(super) fn ask() {}

    pub(super) fn permission() -> &'static str {
        "missing"
    }

    pub(super) fn remove(_: BoardState, _: usize) {}
}
