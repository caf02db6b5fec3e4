//! The page, rendered for each request.

use std::sync::Arc;

use app::reader::TokenReader;
use app::{AssetNames, Told, read_sheet};
use axum::Router;
use axum::extract::{Path, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use leptos::config::LeptosOptions;
use leptos::nonce::use_nonce;
use leptos::prelude::{provide_context, use_context};
use leptos_axum::{LeptosRoutes as _, ResponseOptions, render_app_async_with_context};

use super::card::Cards;

/// For pages that are files: what the rendered page may, without its own scripts.
pub(super) const STATIC_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
     frame-ancestors 'none'";

/// Renders pages.
#[derive(Clone)]
pub(super) struct Pages {
    names: AssetNames,
    reader: Arc<dyn TokenReader>,
}

impl Pages {
    pub(super) fn new(names: AssetNames, reader: Arc<dyn TokenReader>) -> Self {
        Self { names, reader }
    }

    /// The routes that the application has, and its server functions.
    pub(super) fn routes(&self) -> Router {
        let options = LeptosOptions::builder().output_name("memescope").build();
        // The rows must be in the HTML itself: without JavaScript nothing would move them there.
        let board = get(render_app_async_with_context(self.context(), app::shell));
        let functions = Router::new().leptos_routes_with_context(&options, Vec::new(), self.context(), app::shell);
        let pages = self.clone();
        let token = get(move |request: Request| async move { pages.token(request).await });
        let cards = Arc::new(Cards::new(self.reader.clone()));
        let card = get(move |place: Path<(String, String)>| async move { cards.answer(place).await });
        functions
            .route("/", board.clone())
            .route("/token/{chain}/{address}/card.png", card)
            .route("/status", board)
            .route("/token/{chain}/{address}", token)
            .with_state(options)
    }

    /// The page of a token: what it shows is read first, for rendering does not wait.
    async fn token(&self, request: Request) -> Response {
        let uri = request.uri();
        let told = read_sheet(&*self.reader, uri.path(), uri.query().unwrap_or_default()).await.map(Arc::new);
        let context = self.context();
        let context = move || {
            context();
            if let Some(told) = told.clone() {
                provide_context::<Arc<Told>>(told);
            }
        };
        render_app_async_with_context(context, app::shell)(request).await
    }

    /// The page at an address that is none of the application's routes.
    pub(super) async fn render(&self, request: Request) -> Response {
        render_app_async_with_context(self.context(), app::shell)(request).await
    }

    /// What a page and a server function find around them.
    fn context(&self) -> impl Fn() + Clone + Send + Sync + 'static {
        let Self { names, reader } = self.clone();
        move || {
            provide_context(names.clone());
            provide_context(reader.clone());
            if let Some(answer) = use_context::<ResponseOptions>() {
                prepare(&answer);
            }
        }
    }
}

/// Says how the answer may be kept, and what the page may load.
fn prepare(answer: &ResponseOptions) {
    // It carries a nonce and follows a cookie: nobody may keep it for another request.
    answer.insert_header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    answer.insert_header(header::VARY, HeaderValue::from_static("Cookie"));
    // Server functions have none: they answer no documents.
    let policy = use_nonce().and_then(|nonce| HeaderValue::from_str(&policy(&nonce)).ok());
    if let Some(policy) = policy {
        answer.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// What a page with this nonce may load: its own files, and the scripts that the server wrote into it.
fn policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// What stands in the place of pages when the page was not built.
pub(super) async fn unbuilt() -> Response {
    let page = "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\"><title>Memescope</title>\
        <h1>The page is not built</h1>\
        <p>The server runs and its <a href=\"/tokens\">API</a> answers, but the page's files were not found. Run \
        <code>make build</code>, or name their folder in <code>LEPTOS_SITE_ROOT</code>.</p></html>";
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::CONTENT_SECURITY_POLICY, STATIC_POLICY)];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Html(page)).into_response()
}
