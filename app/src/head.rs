//! What a document says about itself: its title, and the card that others show of it.

use memescope::{Window, format};

use crate::location::{Place, path_and_search, token_href};
use crate::reader::TokenSheet;
use crate::token_page::look_at_sheet;

const DESCRIPTION: &str = "A live board of meme coins whose numbers say where they come from";

/// Title, description and picture of the page that is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) title: String,
    pub(crate) description: String,
    /// The path of a picture, where the page has one of its own.
    pub(crate) picture: Option<String>,
}

impl Head {
    pub(crate) fn of_request() -> Self {
        let plain = |title: &str| Self { title: title.to_owned(), description: DESCRIPTION.to_owned(), picture: None };
        match Place::at(&path_and_search().0) {
            Place::Token => {
                look_at_sheet(Self::of_sheet).flatten().unwrap_or_else(|| plain("Unknown token · Memescope"))
            }
            Place::Status => plain("Status · Memescope"),
            Place::Board | Place::Nowhere => plain("Memescope"),
        }
    }

    /// `WIF $0.8421`, and what else fits on a card.
    fn of_sheet(sheet: &TokenSheet) -> Option<Self> {
        let token = sheet.token()?;
        let symbol = token.symbol.as_deref().unwrap_or("Unnamed token");
        let price = token.price_usd.map(|price| format!(" {}", format::price(price).plain())).unwrap_or_default();
        let demo = if sheet.page.demo { "Simulated numbers of the demo market. " } else { "" };
        let change =
            token.change_pct.at(Window::H24).and_then(format::change).map(|change| format!("{} in 24 h", change.text));
        let liquidity = token.liquidity_usd.and_then(format::usd).map(|usd| format!("liquidity {usd}"));
        let figures: Vec<String> = change.into_iter().chain(liquidity).collect();
        let as_of = sheet.page.as_of;
        Some(Self {
            title: format!("{symbol}{price} · Memescope"),
            description: format!("{demo}{symbol}{price}, {}, as of {as_of}", figures.join(", ")),
            picture: sheet.is_on_board.then(|| format!("{}/card.png", token_href(&token.id))),
        })
    }
}
