//! Alerts in the browser: rules are kept here and judged every few seconds, in the page and by a notification.

use std::cell::RefCell;
use std::time::Duration;

use leptos::prelude::*;
use memescope::{Token, TokenId};
use web_sys::{Notification, NotificationOptions, NotificationPermission};

use crate::alert::{Firing, Rule, Watch};
use crate::board_state::BoardState;
use crate::server_fns::load_page;

const RULES: &str = "memescope.alerts";

/// How often rules are judged.
const EVERY: Duration = Duration::from_secs(10);

thread_local! {
    static WATCH: RefCell<Watch> = RefCell::new(Watch::default());
}

/// Reads the rules that are kept, and begins to judge them.
pub(super) fn start(state: BoardState) {
    take(state);
    let other_tabs = window_event_listener_untyped("storage", move |_| take(state));
    let timer = set_interval_with_handle(move || judge(state), EVERY);
    // What holds by now is known a moment after a rule was made.
    judge(state);
    on_cleanup(move || {
        other_tabs.remove();
        if let Ok(timer) = timer {
            timer.clear();
        }
    });
}

fn take(state: BoardState) {
    let rules = Rule::parse_all(&super::kept(RULES));
    WATCH.with_borrow_mut(|watch| watch.set(rules.clone()));
    state.rules.set(rules);
}

/// Keeps these rules and no others.
pub(crate) fn set(state: BoardState, rules: &[Rule]) {
    let text = rules.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    super::keep(RULES, &text);
    take(state);
    judge(state);
}

/// Whether the browser may show notifications: what the menu says about it.
pub(crate) fn permission() -> &'static str {
    if !js_sys::Reflect::has(&window(), &"Notification".into()).unwrap_or(false) {
        return "missing";
    }
    match Notification::permission() {
        NotificationPermission::Granted => "granted",
        NotificationPermission::Denied => "denied",
        _ => "ask",
    }
}

/// Asks the reader to let the browser show notifications.
pub(crate) fn ask() {
    if permission() == "ask" {
        drop(Notification::request_permission());
    }
}

/// Judges all rules by what the server says now.
fn judge(state: BoardState) {
    if !super::is_reachable(state) {
        return;
    }
    let (tokens, views) = WATCH.with_borrow(|watch| (watch.tokens(), watch.views()));
    if !tokens.is_empty() {
        leptos::task::spawn_local(async move {
            if let Some(rows) = rows(&view_of(&tokens)).await {
                let now = state.now.get_untracked();
                tell(state, WATCH.with_borrow_mut(|watch| watch.judge_tokens(&rows, now)));
            }
        });
    }
    for search in views {
        leptos::task::spawn_local(async move {
            if let Some(rows) = rows(&search).await {
                let now = state.now.get_untracked();
                tell(state, WATCH.with_borrow_mut(|watch| watch.judge_view(&search, &rows, now)));
            }
        });
    }
}

fn view_of(tokens: &[TokenId]) -> String {
    let ids: Vec<String> = tokens.iter().map(ToString::to_string).collect();
    format!("min_liquidity_usd=0&ids={}", ids.join(","))
}

/// The first rows of a view; what does not come is judged the next time.
async fn rows(search: &str) -> Option<Vec<Token>> {
    load_page(search.to_owned(), None).await.ok().map(|page| page.rows)
}

fn tell(state: BoardState, firings: Vec<Firing>) {
    for firing in firings {
        if permission() == "granted" {
            let options = NotificationOptions::new();
            options.set_tag(&firing.token.to_string());
            // Some browsers show them from workers alone; then the page's own words have to do.
            let _ = Notification::new_with_options(&firing.words, &options);
        }
        state.alerts.update(|alerts| {
            // A handful can be read.
            if alerts.len() == 5 {
                alerts.remove(0);
            }
            alerts.push(firing);
        });
    }
}
