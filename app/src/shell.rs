//! The document around the application, rendered by the server alone.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::head::Head;
use crate::preferences::Preferences;
use crate::{App, AssetNames};

/// Has the browser keep the last board for when the server cannot be reached; only a secure page may.
const KEEP: &str = "const w=navigator.serviceWorker;if(w)w.register('/sw.js').then(()=>setInterval(\
                    ()=>document.hidden||w.controller?.postMessage('keep'),60000)).catch(()=>0)";

/// The HTML document. Takes the [`AssetNames`], the nonce and the request's cookie from the context; without asset names
/// in it those without a hash are used.
pub fn shell() -> impl IntoView {
    let AssetNames { js, wasm, css } = use_context::<AssetNames>().unwrap_or_default();
    let (js, wasm, css) = (format!("/pkg/{js}"), format!("/pkg/{wasm}"), format!("/pkg/{css}"));
    let look = Preferences::of_request();
    let nonce = use_nonce();
    let head = Head::of_request();
    // The script loads while the document still arrives; the markup is taken over when all of it is there.
    let start = format!(
        "const whole=new Promise(r=>document.readyState==='loading'?document.addEventListener('DOMContentLoaded',r):r());\
         import('{js}').then(async m=>{{await m.default({{module_or_path:'{wasm}'}});await whole;m.hydrate();{KEEP}}})"
    );
    view! {
        <!DOCTYPE html>
        <html
            lang="en"
            data-theme=look.theme.attribute()
            data-palette=look.palette.attribute()
            data-density=look.density.attribute()
        >
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <title>{head.title.clone()}</title>
                <meta name="description" content=head.description.clone() />
                {property("og:site_name", "Memescope".to_owned())}
                {property("og:title", head.title)}
                {property("og:description", head.description)}
                {head.picture.as_deref().map(card)}
                <meta name="color-scheme" content="dark light" />
                <link rel="preload" href="/fonts/instrument-sans.woff2" r#as="font" r#type="font/woff2" crossorigin="" />
                <link rel="stylesheet" href=css />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
                <link rel="manifest" href="/manifest.webmanifest" />
                <link rel="preload" href=wasm r#as="fetch" r#type="application/wasm" crossorigin="" />
                <script r#type="module" r#async="" nonce=nonce>{start}</script>
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The picture of the page, for those who show cards: they want a whole address.
fn card(path: &str) -> impl IntoView + use<> {
    let host = use_context::<http::request::Parts>().and_then(|request| {
        let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok().map(str::to_owned));
        let scheme =
            header("x-forwarded-proto").filter(|scheme| scheme == "https").unwrap_or_else(|| "http".to_owned());
        Some(format!("{scheme}://{}", header("host")?))
    });
    view! {
        {property("og:image", format!("{}{path}", host.unwrap_or_default()))}
        {property("og:image:width", "1200".to_owned())}
        {property("og:image:height", "630".to_owned())}
        <meta name="twitter:card" content="summary_large_image" />
    }
}

/// A property of the card.
fn property(name: &'static str, content: String) -> impl IntoView {
    leptos::html::meta().attr("property", name).content(content)
}
