//! Rows as lines of CSV (RFC 4180): nested figures flattened (`volume_usd.h24`), unknown an empty cell.
//!
//! Names are texts of strangers, and a spreadsheet takes a cell that begins with `=` for a formula. Such texts get an
//! apostrophe in front; numbers are ours and stay as they are, a minus included.

use memescope::{Token, Window};
use serde::Serialize;

use crate::api::rows::{Column, Places, Shape};

/// What a spreadsheet may take for the beginning of a formula; the wide forms too.
const FORMULAS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];

/// The lines of a table.
#[derive(Debug)]
pub(super) struct Csv {
    columns: Vec<Column>,
}

impl Csv {
    /// A table of the chosen columns, in the order of a row.
    pub(super) fn new(shape: &Shape) -> Self {
        Self { columns: Column::all().filter(|column| shape.wants(*column)).collect() }
    }

    /// The line of names.
    pub(super) fn heads(&self, out: &mut Vec<u8>) {
        let mut line = Line::new(out);
        for column in &self.columns {
            for part in parts(*column) {
                line.text(Some(&format!("{}{part}", column.name())));
            }
        }
        line.end();
    }

    /// The line of a row.
    pub(super) fn row(&self, out: &mut Vec<u8>, token: &Token, places: Places) {
        let mut line = Line::new(out);
        for column in &self.columns {
            cells(&mut line, *column, token, places);
        }
        line.end();
    }
}

/// What follows the name of a column in the heads of its cells.
fn parts(column: Column) -> Vec<String> {
    let each = |ends: &[&str]| {
        Window::ALL.iter().flat_map(|window| ends.iter().map(move |end| format!(".{window}{end}"))).collect()
    };
    match column {
        Column::ChangePct | Column::VolumeUsd => each(&[""]),
        Column::Txns => each(&[".buys", ".sells"]),
        Column::Traders => each(&[".buyers", ".sellers"]),
        _ => vec![String::new()],
    }
}

fn cells(line: &mut Line<'_>, column: Column, token: &Token, places: Places) {
    match column {
        Column::Rank => line.value(places.rank),
        Column::RankPrev => line.value(places.rank_prev),
        Column::Id => line.text(Some(&token.id.to_string())),
        Column::Chain => line.text(Some(token.chain.as_str())),
        Column::Address => line.text(Some(&token.address)),
        Column::Symbol => line.text(token.symbol.as_deref()),
        Column::Name => line.text(token.name.as_deref()),
        Column::Logo => line.text(token.logo.as_deref()),
        Column::PriceUsd => line.text(token.price_usd.map(|price| price.to_string()).as_deref()),
        Column::PriceSol => line.text(token.price_sol.map(|price| price.to_string()).as_deref()),
        Column::ChangePct => Window::ALL.into_iter().for_each(|window| line.value(token.change_pct.at(window))),
        Column::VolumeUsd => Window::ALL.into_iter().for_each(|window| line.value(token.volume_usd.at(window))),
        Column::Txns => {
            for txns in Window::ALL.map(|window| token.txns.at(window)) {
                line.value(txns.map(|txns| txns.buys));
                line.value(txns.map(|txns| txns.sells));
            }
        }
        Column::Traders => {
            for traders in Window::ALL.map(|window| token.traders.at(window)) {
                line.value(traders.map(|traders| traders.buyers));
                line.value(traders.map(|traders| traders.sellers));
            }
        }
        Column::LiquidityUsd => line.value(token.liquidity_usd),
        Column::MarketCapUsd => line.value(token.market_cap_usd),
        Column::FdvUsd => line.value(token.fdv_usd),
        Column::Holders => line.value(token.holders),
        Column::CreatedAt => line.text(token.created_at.map(|at| at.to_string()).as_deref()),
        Column::Dex => line.text(token.dex.as_deref()),
        Column::Pool => line.text(token.pool.as_deref()),
        Column::PoolCount => line.value(Some(token.pool_count)),
        Column::Stage => line.word(&token.stage),
        Column::VolumeScope => line.word(&token.volume_scope),
        Column::PartialWindows => {
            line.text(Some(&token.partial_windows.iter().map(|window| window.name()).collect::<Vec<_>>().join(" ")));
        }
        Column::Verified => line.value(token.verified),
        Column::Flags => line.text(Some(&token.flags.iter().map(|flag| flag.code()).collect::<Vec<_>>().join(" "))),
        Column::UpdatedAt => line.text(Some(&token.updated_at.to_string())),
        Column::Stale => line.value(Some(token.stale)),
    }
}

/// A line that is being written.
struct Line<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl<'a> Line<'a> {
    fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, is_empty: true }
    }

    fn cell(&mut self) {
        if !std::mem::replace(&mut self.is_empty, false) {
            self.out.push(b',');
        }
    }

    /// A number or a truth value, as in JSON; unknown is empty.
    fn value(&mut self, value: Option<impl Serialize>) {
        self.cell();
        if let Some(value) = value {
            serde_json::to_writer(&mut *self.out, &value).expect("a finite number");
        }
    }

    /// A name that serde gives a value.
    fn word(&mut self, value: &impl Serialize) {
        let word = serde_json::to_value(value).ok();
        self.text(word.as_ref().and_then(|word| word.as_str()));
    }

    /// A text that nobody will take for a formula, quoted where need be.
    fn text(&mut self, text: Option<&str>) {
        self.cell();
        let Some(text) = text else { return };
        let is_quoted = text.contains([',', '"', '\r', '\n']);
        if is_quoted {
            self.out.push(b'"');
        }
        if text.starts_with(FORMULAS) {
            self.out.push(b'\'');
        }
        for byte in text.bytes() {
            if byte == b'"' {
                self.out.push(b'"');
            }
            self.out.push(byte);
        }
        if is_quoted {
            self.out.push(b'"');
        }
    }

    fn end(self) {
        self.out.extend_from_slice(b"\r\n");
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(texts: &[&str]) -> String {
        let mut out = Vec::new();
        let mut line = Line::new(&mut out);
        for text in texts {
            line.text(Some(text));
        }
        line.end();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_is_neither_a_formula_nor_two_cells() {
        for (text, cell) in [
            ("WIF", "WIF"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("＝1", "'＝1"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("a\nb", "\"a\nb\""),
            ("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\""),
            ("a=b", "a=b"),
        ] {
            assert_eq!(line(&[text]), format!("{cell}\r\n"), "{text:?}");
        }
    }

    #[test]
    fn unknown_is_empty_and_a_loss_is_a_number() {
        let mut out = Vec::new();
        let mut line = Line::new(&mut out);
        line.value(None::<u64>);
        line.value(Some(-0.6));
        line.text(None);
        line.value(Some(true));
        line.end();
        assert_eq!(out, b",-0.6,,true\r\n");
    }

    /// Reads a line as any reader of RFC 4180 would.
    fn read(line: &str) -> Vec<String> {
        let mut cells = vec![String::new()];
        let mut chars = line.strip_suffix("\r\n").unwrap().chars().peekable();
        let mut is_quoted = false;
        while let Some(letter) = chars.next() {
            let cell = cells.last_mut().unwrap();
            match letter {
                '"' if is_quoted && chars.next_if_eq(&'"').is_some() => cell.push('"'),
                '"' => is_quoted = !is_quoted,
                ',' if !is_quoted => cells.push(String::new()),
                letter => cell.push(letter),
            }
        }
        cells
    }

    proptest! {
        #[test]
        fn whatever_was_written_reads_as_it_was(texts in prop::collection::vec("[=+@,\"\r\n\ta-z-]{0,8}", 1..6)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let cells = read(&line(&texts));
            prop_assert_eq!(cells.len(), texts.len());
            for (cell, text) in cells.iter().zip(texts) {
                prop_assert!(!cell.starts_with(FORMULAS));
                prop_assert_eq!(cell.strip_prefix('\'').unwrap_or(cell), text);
            }
        }
    }
}
