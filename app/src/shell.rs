//! The document around the application, rendered by the server alone.

use leptos::nonce::use_nonce;
use leptos::prelude::*;

use crate::location::Location;
use crate::preferences::Preferences;
use crate::{App, AssetNames};

/// The HTML document. Takes the [`AssetNames`], the nonce and the request's cookie from the context; without asset names
/// in it those without a hash are used.
pub fn shell() -> impl IntoView {
    let AssetNames { js, wasm, css } = use_context::<AssetNames>().unwrap_or_default();
    let (js, wasm, css) = (format!("/pkg/{js}"), format!("/pkg/{wasm}"), format!("/pkg/{css}"));
    let look = Preferences::of_request();
    let nonce = use_nonce();
    // The script loads while the document still arrives; the markup is taken over when all of it is there.
    let start = format!(
        "const whole=new Promise(r=>document.readyState==='loading'?document.addEventListener('DOMContentLoaded',r):r());\
         import('{js}').then(async m=>{{await m.default({{module_or_path:'{wasm}'}});await whole;m.hydrate()}})"
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
                <title>{Location::place_of_request().title()}</title>
                <meta name="description" content="A live board of meme coins whose numbers say where they come from" />
                <meta name="color-scheme" content="dark light" />
                <link rel="preload" href="/fonts/instrument-sans.woff2" r#as="font" r#type="font/woff2" crossorigin="" />
                <link rel="stylesheet" href=css />
                <link rel="icon" href="/favicon.svg" r#type="image/svg+xml" />
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
