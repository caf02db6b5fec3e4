//! The page and its files.
//!
//! The files are read once at the start: a few hundred kilobytes that are asked for often, and a path that is looked up
//! in a table cannot lead out of the folder. The page itself is rendered for each request by the `app` crate, which asks
//! for data through the [`TokenReader`] that it is lent here.

mod card;
mod files;
mod folder;
mod pages;

use std::sync::Arc;

use app::reader::TokenReader;
use axum::Router;
use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

pub use self::files::{Files, FilesError};
pub use self::folder::find;
use crate::problem::Problem;

/// The page, its server functions and its files; everything else that is asked for is not found.
///
/// `files` is `None` where no folder was found: then the page says what to do, and the public routes work all the same.
/// Call it inside a tokio runtime, once per process.
pub fn router(files: Option<Files>, reader: Arc<dyn TokenReader>) -> Router {
    let Some(files) = files else {
        let unbuilt = axum::routing::get(pages::unbuilt);
        return Router::new().route("/", unbuilt.clone()).route("/status", unbuilt).fallback(async || not_found());
    };
    let pages = pages::Pages::new(files.names().clone(), reader);
    let files = Arc::new(files);
    let lost = pages.clone();
    pages.routes().fallback(async move |request: Request| fallback(&files, lost, request).await)
}

/// A file, or the answer that there is none: a page for people, a problem for programs.
async fn fallback(files: &Files, pages: pages::Pages, request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(file) = files.find(request.uri().path()).await {
        if reads {
            return file.answer(request.headers());
        }
        let detail = "This address does not answer to this method.";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
        return problem.with_header(header::ALLOW, header::HeaderValue::from_static("GET, HEAD")).into_response();
    }
    if reads && wants_page(&request) { pages.render(request).await } else { not_found() }
}

/// Whether a person is looking at an address that could be a page's.
fn wants_page(request: &Request) -> bool {
    let accepts = request.headers().get_all(header::ACCEPT).iter().any(|value| {
        value.to_str().is_ok_and(|value| value.split(',').any(|kind| kind.trim_start().starts_with("text/html")))
    });
    let path = request.uri().path();
    accepts && !["/api/", "/pkg/", "/fonts/"].iter().any(|folder| path.starts_with(folder))
}

fn not_found() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.").into_response()
}

#[cfg(test)]
mod tests;
