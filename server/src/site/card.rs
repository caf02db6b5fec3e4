//! The picture of a token's page, for those who show cards of links: symbol, price, change, the day's line, and as of when.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::Duration;

use app::reader::{RowPast, TokenReader};
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use memescope::{Chain, SparkView, Timestamp, Token, TokenId, TokenQuery, Window, format};
use resvg::{tiny_skia, usvg};
use tokio::sync::Semaphore;

/// The measure that cards have.
const WIDTH: u32 = 1_200;
const HEIGHT: u32 = 630;

/// How long a picture is given again, and how many are kept.
const KEPT_FOR: Duration = Duration::from_secs(60);
const MOST_KEPT: usize = 64;

/// Letters of a symbol and of a name that fit.
const SYMBOL_LETTERS: usize = 14;
const NAME_LETTERS: usize = 40;

static FONTS: LazyLock<Arc<usvg::fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = usvg::fontdb::Database::new();
    fonts.load_font_data(include_bytes!("../../assets/InstrumentSans-Bold.ttf").to_vec());
    fonts.load_font_data(include_bytes!("../../assets/InstrumentSans-Medium.ttf").to_vec());
    Arc::new(fonts)
});

/// A picture that is kept.
struct Kept {
    id: TokenId,
    as_of: Timestamp,
    png: Bytes,
}

/// Makes the pictures, one at a time: they are many times as dear as a page.
pub(super) struct Cards {
    reader: Arc<dyn TokenReader>,
    kept: Mutex<VecDeque<Kept>>,
    desk: Semaphore,
}

impl Cards {
    pub(super) fn new(reader: Arc<dyn TokenReader>) -> Self {
        Self { reader, kept: Mutex::default(), desk: Semaphore::new(1) }
    }

    /// `GET /token/{chain}/{address}/card.png`: 404 for what is not on the board.
    pub(super) async fn answer(&self, Path((chain, address)): Path<(String, String)>) -> Response {
        let id = Chain::parse(&chain).and_then(|chain| TokenId::new(&chain, &address).ok());
        let Some((token, as_of)) = id.and_then(|id| self.reader.row(&id)) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        if let Some(png) = self.kept(&token.id, as_of) {
            return picture(png);
        }
        // Never closed; were it, painting without a permit would still be right.
        let _permit = self.desk.acquire().await.ok();
        if let Some(png) = self.kept(&token.id, as_of) {
            return picture(png);
        }
        let spark = self.reader.past(&TokenQuery::default(), std::slice::from_ref(&token.id));
        let spark = spark.into_iter().next().and_then(|RowPast { spark, .. }| spark);
        let is_demo = self.reader.status().demo;
        let id = token.id.clone();
        let drawn = tokio::task::spawn_blocking(move || paint(&drawing(&token, spark.as_ref(), as_of, is_demo)));
        match drawn.await {
            Ok(Some(png)) => {
                let png = Bytes::from(png);
                self.keep(Kept { id, as_of, png: png.clone() });
                picture(png)
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    fn kept(&self, id: &TokenId, now: Timestamp) -> Option<Bytes> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.iter().find(|kept| kept.id == *id && now.since(kept.as_of) < KEPT_FOR);
        found.map(|kept| kept.png.clone())
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|kept| kept.id != new.id);
        if kept.len() == MOST_KEPT {
            kept.pop_front();
        }
        kept.push_back(new);
    }
}

fn picture(png: Bytes) -> Response {
    let mut response = Response::new(Body::from(png));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("image/png"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=60"));
    response
}

/// The pixels of a drawing.
fn paint(svg: &str) -> Option<Vec<u8>> {
    let options = usvg::Options {
        fontdb: FONTS.clone(),
        font_family: "Instrument Sans".to_owned(),
        // A drawing names no file and no address.
        image_href_resolver: usvg::ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..usvg::Options::default()
    };
    let tree = usvg::Tree::from_str(svg, &options).ok()?;
    let mut pixels = tiny_skia::Pixmap::new(WIDTH, HEIGHT)?;
    resvg::render(&tree, tiny_skia::Transform::default(), &mut pixels.as_mut());
    pixels.encode_png().ok()
}

/// The drawing. Names are other people's: they are cut and written as text.
fn drawing(token: &Token, spark: Option<&SparkView>, as_of: Timestamp, is_demo: bool) -> String {
    let symbol = text(token.symbol.as_deref().unwrap_or("—"), SYMBOL_LETTERS);
    let name = text(token.name.as_deref().unwrap_or_default(), NAME_LETTERS);
    let price = token.price_usd.map_or_else(|| format::UNKNOWN.to_owned(), |price| format::price(price).plain());
    let change = token.change_pct.at(Window::H24).and_then(format::change);
    let (colour, change) = change.map_or(("#8c887e", format::UNKNOWN.to_owned()), |change| {
        let colour = match change.direction.name() {
            "up" => "#2ee0b5",
            "down" => "#ff6a5c",
            _ => "#8c887e",
        };
        (colour, change.text)
    });
    let line = spark.map(path).unwrap_or_default();
    let liquidity = token.liquidity_usd.and_then(format::usd).unwrap_or_else(|| format::UNKNOWN.to_owned());
    let demo = if is_demo { "  ·  demo market, simulated" } else { "" };
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="Instrument Sans">
<rect width="{WIDTH}" height="{HEIGHT}" fill="#0d0d0c"/>
<g fill="#efece4"><rect x="72" y="88" width="10" height="20" rx="3"/><rect x="90" y="66" width="10" height="42" rx="3"/><rect x="108" y="78" width="10" height="30" rx="3"/></g>
<text x="136" y="104" font-size="34" font-weight="700" fill="#efece4">Memescope</text>
<text x="72" y="232" font-size="96" font-weight="700" fill="#efece4">{symbol}</text>
<text x="74" y="286" font-size="34" font-weight="500" fill="#b0aca1">{name}</text>
<text x="72" y="416" font-size="88" font-weight="700" fill="#efece4">{price}</text>
<text x="74" y="486" font-size="48" font-weight="700" fill="{colour}">{change}<tspan fill="#b0aca1" font-weight="500" font-size="34" dx="20">24h<tspan dx="28">liquidity {liquidity}</tspan></tspan></text>
<path d="{line}" fill="none" stroke="{colour}" stroke-width="5" stroke-linejoin="round" stroke-linecap="round"/>
<text x="74" y="566" font-size="26" font-weight="500" fill="#8c887e">as of {as_of}{demo}</text>
</svg>"##
    )
}

/// A text within its letters, as markup writes it.
fn text(text: &str, letters: usize) -> String {
    let mut shown: String = text.chars().filter(|char| !char.is_control()).take(letters).collect();
    if text.chars().count() > letters {
        shown.push('…');
    }
    shown.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The day's line at the right of the picture; a gap is a gap.
fn path(spark: &SparkView) -> String {
    let mut path = String::new();
    let mut pen = 'M';
    let first = 32usize.saturating_sub(spark.points.len());
    for (index, point) in spark.points.iter().enumerate() {
        let Some(height) = point else {
            pen = 'M';
            continue;
        };
        let (x, y) = (760 + (first + index) * 368 / 32, 250 - usize::from(*height) * 130 / 255);
        let _ = write!(path, "{pen}{x} {y}");
        pen = 'L';
    }
    path
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    fn token() -> Token {
        let id = "solana:So11111111111111111111111111111111111111112".parse().unwrap();
        let mut token = Token::new(id, Timestamp::default());
        token.symbol = Some("<WIF> & friends of dogs".into());
        token.price_usd = "0.00000614".parse().ok();
        token
    }

    #[test]
    fn a_card_is_a_picture_of_its_measure() {
        let price = memescope::Price::from_f64(1.0, 3).unwrap();
        let points = vec![Some(0), None, Some(255), Some(90)];
        let spark = SparkView { until: Timestamp::default(), step_s: 2_700, low: price, high: price, points };
        let png = paint(&drawing(&token(), Some(&spark), Timestamp::default(), true)).unwrap();
        assert_eq!(png.get(1..4), Some(&b"PNG"[..]));
        let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
        assert_eq!((side(16), side(20)), (WIDTH, HEIGHT));
    }

    #[test]
    fn names_are_cut_and_stay_text() {
        let drawing = drawing(&token(), None, Timestamp::default(), false);
        assert!(drawing.contains("&lt;WIF&gt; &amp; friend…"), "{drawing}");
        assert!(drawing.contains("$0.00000614") && !drawing.contains("simulated"));
        assert_eq!(text("a\u{0}b", 5), "ab");
    }
}
