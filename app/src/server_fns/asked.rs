//! How a server function is asked.
//!
//! The server is that of Leptos' own protocol, and so is what travels: a GET request with the arguments in the address,
//! JSON as the answer. The browser's side is written out for just that: no encoder of any arguments, no streams, forms
//! and redirects.

use std::future::Future;

use leptos::server_fn::client::Client;
use leptos::server_fn::codec::{GetUrl, Post};
use leptos::server_fn::server::Server;
use leptos::server_fn::{Http, Protocol};

use super::{JsonText, PageError};
use crate::json::Read;

/// The arguments of a server function.
pub trait Question {
    /// As pairs of the address.
    fn into_pairs(self) -> Vec<(String, String)>;
}

/// The protocol.
pub struct Asked;

impl<I, O, C, S> Protocol<I, O, C, S, PageError> for Asked
where
    I: Question + Send,
    O: Read,
    C: Client<PageError>,
    S: Server<PageError>,
    Http<GetUrl, Post<JsonText>>: Protocol<I, O, C, S, PageError>,
{
    const METHOD: http::Method = http::Method::GET;

    fn run_server<F, Fut>(
        request: S::Request,
        server_fn: F,
    ) -> impl Future<Output = Result<S::Response, PageError>> + Send
    where
        F: Fn(I) -> Fut + Send,
        Fut: Future<Output = Result<O, PageError>> + Send,
    {
        Http::<GetUrl, Post<JsonText>>::run_server(request, server_fn)
    }

    #[cfg(feature = "hydrate")]
    fn run_client(path: &str, question: I) -> impl Future<Output = Result<O, PageError>> + Send {
        let url = format!("{path}?{}", crate::address::encode_pairs(&question.into_pairs()));
        // The one thread of the page needs no lock around what the browser lends it.
        send_wrapper::SendWrapper::new(async move {
            let (is_refusal, text) = fetch(&url).await.ok_or(PageError::Unreachable)?;
            if is_refusal {
                return Err(crate::json::read(&text).unwrap_or(PageError::Unreachable));
            }
            crate::json::read(&text).ok_or(PageError::Unreachable)
        })
    }

    #[cfg(not(feature = "hydrate"))]
    fn run_client(path: &str, question: I) -> impl Future<Output = Result<O, PageError>> + Send {
        Http::<GetUrl, Post<JsonText>>::run_client(path, question)
    }
}

/// What stands at an address of this page's server, and whether it is a refusal.
#[cfg(feature = "hydrate")]
async fn fetch(url: &str) -> Option<(bool, String)> {
    let response = gloo_net::http::Request::get(url).send().await.ok()?;
    Some((!response.ok(), response.text().await.ok()?))
}
