//! `GET /search`: what somebody who types a name, a symbol or an address may mean.

use memescope::query::{Filter, needle};
use memescope::{Flag, Token, TokenId};
use serde::Serialize;
use serde_json::json;

use super::answer::{Head, hash_of};
use super::params;
use super::{Api, Draft};
use crate::problem::Problem;

/// The most rows.
pub(super) const MAX_HITS: usize = 50;

/// A token that may be meant.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Hit<'a> {
    id: &'a TokenId,
    symbol: Option<&'a str>,
    name: Option<&'a str>,
    logo: Option<&'a str>,
    flags: &'a [Flag],
    /// Its place in the default ranking, from 1.
    rank: usize,
}

/// How well a row fits; the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// This very token, by its address.
    Address,
    /// Its symbol or its name.
    Exact,
    Beginning,
    Part,
    /// A row that looks like another one. Whatever it is called, nobody shall take it for the other.
    Lookalike,
}

pub(super) fn answer<'a>(api: &'a Api, raw: &str) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<'a>>, Problem> {
    let (query, limit) = params::search(&params::pairs(raw)?, MAX_HITS)?;
    let list = api.pages.current(&api.ranking);
    let head = Head::new(&list.snapshot.board, hash_of(&["search", raw]), "max-age=2");
    let write = move || {
        let needle = query.q.as_deref().map(needle).unwrap_or_default();
        let filter = Filter::new(&query, list.snapshot.board.as_of);
        let mut hits: Vec<(Fit, usize, &Token)> = list
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| filter.passes(&row.token))
            .map(|(place, row)| (fit(&row.token, &needle), place + 1, &*row.token))
            .collect();
        // Among equals the ranking decides.
        hits.sort_by_key(|(fit, rank, _)| (*fit, *rank));
        let data: Vec<Hit> = hits
            .into_iter()
            .take(limit)
            .map(|(_, rank, token)| Hit {
                id: &token.id,
                symbol: token.symbol.as_deref(),
                name: token.name.as_deref(),
                logo: token.logo.as_deref(),
                flags: &token.flags,
                rank,
            })
            .collect();
        json!({ "data": data }).to_string().into_bytes()
    };
    Ok(Draft { head, write })
}

fn fit(token: &Token, needle: &str) -> Fit {
    let address = needle.rsplit(':').next().unwrap_or_default();
    if token.address.eq_ignore_ascii_case(address) {
        return Fit::Address;
    }
    if token.has(Flag::Lookalike) {
        return Fit::Lookalike;
    }
    let names = [&token.symbol, &token.name].map(|name| name.as_deref().map(str::to_lowercase).unwrap_or_default());
    let names = names.each_ref().map(|name| name.trim_start_matches('$'));
    if names.contains(&needle) {
        Fit::Exact
    } else if names.iter().any(|name| name.starts_with(needle)) {
        Fit::Beginning
    } else {
        Fit::Part
    }
}
