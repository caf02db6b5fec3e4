//! `GET /tokens/{chain}/{address}/pools`: where a token trades, and which of its markets count.

use memescope::PoolView;
use serde_json::json;

use super::answer::{Head, hash_of};
use super::{Api, Draft, params, tokens};
use crate::problem::Problem;

/// Best first. A token that is priced by Jupiter alone has none.
pub(super) fn answer(
    api: &Api,
    (chain, address): (&str, &str),
    raw: &str,
) -> Result<Draft<impl FnOnce() -> Vec<u8> + use<>>, Problem> {
    params::none(&params::pairs(raw)?)?;
    let id = tokens::token_id(chain, address)?;
    let snapshot = api.board()?;
    let board = &snapshot.board;
    if !board.tokens.contains_key(&id) {
        return Err(tokens::not_on_the_board());
    }
    let details = api.details.snapshot();
    let pools: &[PoolView] = details.get(&id).map_or(&[], |details| &details.pools);
    let data = json!(pools).to_string();
    let meta = json!(tokens::Meta::of(board, board.stale, api.market())).to_string();
    let mut head = Head::new(board, 0, "no-cache");
    // By what is told, not by the board: most boards change nothing in it.
    head.tag(hash_of(&["pools", &data]));
    Ok(Draft { head, write: move || format!("{{\"data\":{data},\"meta\":{meta}}}").into_bytes() })
}
