//! `GET /search`: what somebody who types a name, a symbol or an address may mean.

use std::sync::Arc;

use memescope::query::{Filter, needle};
use memescope::{Flag, Token, TokenId};
use serde::Serialize;
use serde_json::json;

use super::answer::{Head, hash_of};
use super::params;
use super::{Api, Draft};
use crate::pages::Found;
use crate::problem::Problem;
use crate::store::Snapshot;

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
    let snapshot = api.store.snapshot();
    let head = Head::new(&snapshot.board, hash_of(&["search", raw]), "max-age=2");
    let write = move || {
        let needle = query.q.as_deref().map(needle).unwrap_or_default();
        let filter = Filter::new(&query, snapshot.board.as_of);
        let fits =
            (|names: [&str; 2], is_lookalike| fit_of(names, is_lookalike, &needle), |row: &Token| fit(row, &needle));
        let hits = api.pages.search(&snapshot, (&needle, &filter), limit, fits);
        let hits = hits.unwrap_or_else(|| looked_through(api, &snapshot, &filter, &needle, limit));
        let hit = |found: &'_ Found<Fit>| {
            let token = &*found.row.token;
            json!(Hit {
                id: &token.id,
                symbol: token.symbol.as_deref(),
                name: token.name.as_deref(),
                logo: token.logo.as_deref(),
                flags: &token.flags,
                rank: found.place,
            })
        };
        json!({ "data": hits.iter().map(hit).collect::<Vec<_>>() }).to_string().into_bytes()
    };
    Ok(Draft { head, write })
}

/// The same by looking at every row: of a snapshot that has just been followed by another one.
fn looked_through(
    api: &Api,
    snapshot: &Arc<Snapshot>,
    filter: &Filter<'_>,
    needle: &str,
    limit: usize,
) -> Vec<Found<Fit>> {
    let list = api.pages.list(snapshot, &api.ranking);
    let passing = (1..).zip(&list.rows).filter(|(_, row)| filter.passes(&row.token));
    let found = passing.map(|(place, row)| Found { fit: fit(&row.token, needle), place, row: row.clone() });
    let mut hits: Vec<Found<Fit>> = found.collect();
    // Among equals the ranking decides.
    hits.sort_by_key(|found| (found.fit, found.place));
    hits.truncate(limit);
    hits
}

fn fit(token: &Token, needle: &str) -> Fit {
    let address = needle.rsplit(':').next().unwrap_or_default();
    if token.address.eq_ignore_ascii_case(address) {
        return Fit::Address;
    }
    let names = [&token.symbol, &token.name].map(|name| name.as_deref().map(str::to_lowercase).unwrap_or_default());
    fit_of(names.each_ref().map(String::as_str), token.has(Flag::Lookalike), needle)
}

/// How well symbol and name, in lower case, fit.
fn fit_of(names: [&str; 2], is_lookalike: bool, needle: &str) -> Fit {
    if is_lookalike {
        return Fit::Lookalike;
    }
    let names = names.map(|name| name.trim_start_matches('$'));
    if names.contains(&needle) {
        Fit::Exact
    } else if names.iter().any(|name| name.starts_with(needle)) {
        Fit::Beginning
    } else {
        Fit::Part
    }
}
