//! The card beside a row: where its numbers come from, what its rank is made of, what can be done with it.

use leptos::prelude::*;
use memescope::{Rank, Timestamp, Token, TokenQuery};

use super::{links, origins};
use crate::location::token_href;
use crate::part::{Part, part};

/// The markup.
pub(crate) fn html(token: &Token, query: &TokenQuery, as_of: Timestamp) -> String {
    let symbol = token.symbol.as_deref().unwrap_or("—").to_owned();
    let id = token.id.to_string();
    view! {
        <p class="card-head">
            <b><bdi>{symbol}</bdi></b>
            <button r#type="button" class="pill" data-act="close" aria-label="Close">"×"</button>
        </p>
        {origins::short(token, as_of)}
        {rank(token, query)}
        <p class="card-acts">
            <a class="pill" href=token_href(&token.id) rel="external">"Open"</a>
            <button r#type="button" class="pill" data-act="copy" data-text=token.id.address().to_owned()>"Copy address"</button>
            <button r#type="button" class="pill" data-act="watch" data-token=id.clone()>"Watch"</button>
            <button r#type="button" class="pill" data-act="alert" data-token=id.clone()>"Alert"</button>
            <button r#type="button" class="pill" data-act="hide" data-token=id>"Hide"</button>
        </p>
        {links::list(token)}
    }
    .to_html()
}

/// What the trending rank is made of: nobody can buy it.
fn rank(token: &Token, query: &TokenQuery) -> Option<Part> {
    if query.rank != Rank::Trending || query.sort.is_some() {
        return None;
    }
    let window = query.window;
    let volume = token.volume_usd.at(window).unwrap_or(0.0).max(0.0).ln_1p();
    let txns = token.txns.at(window).map_or(0.0, |txns| (txns.total() as f64).ln_1p());
    let moved = token.change_pct.at(window).unwrap_or(0.0).clamp(-50.0, 100.0) / 50.0;
    let words = format!(
        "Trending over {}: volume {volume:.1} + trades {txns:.1} + movement {moved:.1} = {:.1}",
        window.label(),
        volume + txns + moved
    );
    Some(part(view! { <p class="hint" title=Rank::Trending.formula()>{words}</p> }))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_text() {
        let id = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let mut token = Token::new(id, Timestamp::default());
        token.symbol = Some("<img src=x onerror=alert(1)>".into());
        let html = html(&token, &TokenQuery::default(), Timestamp::default());
        assert!(!html.contains("<img"), "{html}");
        assert!(html.contains("data-act=\"watch\""));
    }
}
