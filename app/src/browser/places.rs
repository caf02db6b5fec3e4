//! What slots show is told to each of them here, and to no other. Rows stand in the document as they do in the list, so
//! that ear, clipboard and `Tab` meet them in that order: a row that shows another token, or a token that has moved, is
//! put to its place there. As few as possible are: a row that is put elsewhere is laid out anew.

use std::cell::RefCell;

use leptos::prelude::*;
use memescope::TokenId;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::board_state::{BoardState, Row};
use crate::browser::{hold, row_around, table_body};
use crate::token_table::row::element_id;
use crate::token_table::slots::{Shown, from_the_top};

/// Follows what the slots show.
pub(super) fn start(state: BoardState) {
    let before = RefCell::new(state.slots.get_untracked());
    Effect::new(move |_: Option<()>| {
        let slots = state.slots.get();
        state.facts.track();
        state.show_slots(&slots);
        let before = before.replace(slots.clone());
        let_go(&before, &slots);
        place(&before, &slots);
    });
}

/// Takes the focus from a row whose token is gone: the one that it shows now was not chosen by anybody.
fn let_go(before: &[Shown<Row>], slots: &[Shown<Row>]) {
    let Some(focus) = document().active_element() else { return };
    let Some((row, _)) = row_around(&focus) else { return };
    let is_changed = |(number, standing): (usize, &Shown<Row>)| {
        row.id() == element_id(number) && slots.get(number).is_none_or(|now| now.of != standing.of)
    };
    if before.iter().enumerate().any(is_changed)
        && let Ok(focus) = focus.dyn_into::<HtmlElement>()
    {
        let _ = focus.blur();
    }
}

/// Puts the rows of the slots to their places, from the first to the last.
fn place(before: &[Shown<Row>], slots: &[Shown<Row>]) {
    let wanted = from_the_top(slots);
    // Slots that came stand behind all others.
    let mut standing = from_the_top(before);
    standing.retain(|number| *number < slots.len());
    standing.extend(before.len()..slots.len());
    if standing == wanted {
        return;
    }
    let Some(body) = table_body() else { return };
    let id = |number: &usize| slots.get(*number).map(|slot| slot.of.with_untracked(|token| token.id.clone()));
    let ids = |numbers: &[usize]| numbers.iter().filter_map(id).collect::<Vec<TokenId>>();
    hold::rows_are_placed();
    for (first, _, moved) in memescope::feed::splices(&ids(&standing), &ids(&wanted)) {
        let first = first as usize;
        let mut above = match first.checked_sub(1) {
            Some(last) => wanted.get(last).and_then(|number| element(*number)),
            // The gap above the rows.
            None => body.first_element_child(),
        };
        for number in wanted.iter().skip(first).take(moved.len()) {
            let (Some(row), Some(upper)) = (element(*number), above) else { return };
            let _ = body.insert_before(&row, upper.next_sibling().as_ref());
            above = Some(row);
        }
    }
}

fn element(number: usize) -> Option<Element> {
    document().get_element_by_id(&element_id(number))
}
