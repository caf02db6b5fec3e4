//! The files of the page, read once.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use app::AssetNames;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// For files whose name changes with their content.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// For files that are asked after each time, so that a new version is seen at once.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// Where a build lists the names below `/pkg`.
const NAMES: &str = "pkg/assets.json";

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The list of names is not one.
    #[error("{} is not a list of names: {source}", path.display())]
    Names {
        /// Where it lies.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// The files of a site folder.
#[derive(Debug)]
pub struct Files {
    names: AssetNames,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// By path, with its leading slash.
    Table(HashMap<String, File>),
    /// While one edits, files change under the same names.
    Folder(PathBuf),
}

/// A file and its compressed siblings.
#[derive(Clone, Debug)]
pub(super) struct File {
    kind: HeaderValue,
    cache: HeaderValue,
    /// Of the content, in hex.
    digest: String,
    plain: Bytes,
    brotli: Option<Bytes>,
    gzip: Option<Bytes>,
}

impl Files {
    /// Reads a site folder. Without a list of names, as while one edits, each file is read when it is asked for.
    pub fn open(folder: &Path) -> Result<Self, FilesError> {
        let path = folder.join(NAMES);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { names: AssetNames::default(), place: Place::Folder(folder.to_owned()) });
            }
            Err(source) => return Err(FilesError::Read { path, source }),
        };
        let names: AssetNames = serde_json::from_slice(&text).map_err(|source| FilesError::Names { path, source })?;
        let mut contents = HashMap::new();
        read_below(folder, "", &mut contents)?;
        Ok(Self { place: Place::Table(table(contents, &names)), names })
    }

    /// The names below `/pkg`.
    pub fn names(&self) -> &AssetNames {
        &self.names
    }

    /// The file at a path of the address.
    pub(super) async fn find(&self, path: &str) -> Option<File> {
        match &self.place {
            Place::Table(table) => table.get(path).cloned(),
            Place::Folder(folder) => {
                let inside = inside(path)?;
                let content = tokio::fs::read(folder.join(inside)).await.ok()?;
                Some(File::new(path, content.into(), ASK_AGAIN))
            }
        }
    }
}

/// The path below the folder, if it is one and leads nowhere else.
fn inside(path: &str) -> Option<&str> {
    let path = path.strip_prefix('/')?;
    let is_name = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    path.split('/').all(is_name).then_some(path)
}

/// Reads all files below a folder, by their path in the address.
fn read_below(folder: &Path, prefix: &str, contents: &mut HashMap<String, Bytes>) -> Result<(), FilesError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| FilesError::Read { path, source }
    };
    for entry in std::fs::read_dir(folder).map_err(failed(folder))? {
        let entry = entry.map_err(failed(folder))?;
        let path = entry.path();
        // The build writes plain names only.
        let Some(name) = entry.file_name().to_str().map(|name| format!("{prefix}/{name}")) else { continue };
        if path.is_dir() {
            read_below(&path, &name, contents)?;
        } else {
            contents.insert(name, std::fs::read(&path).map_err(failed(&path))?.into());
        }
    }
    Ok(())
}

/// Puts each file together with its compressed siblings, which are no files of their own.
fn table(mut contents: HashMap<String, Bytes>, names: &AssetNames) -> HashMap<String, File> {
    let hashed = [&names.js, &names.wasm, &names.css].map(|name| format!("/pkg/{name}"));
    let paths: Vec<String> = contents.keys().cloned().collect();
    let mut siblings = HashMap::new();
    for path in &paths {
        for ending in [".br", ".gz"] {
            let sibling = format!("{path}{ending}");
            if let Some(content) = contents.remove(&sibling) {
                siblings.insert(sibling, content);
            }
        }
    }
    contents.remove(&format!("/{NAMES}"));
    contents
        .into_iter()
        .map(|(path, content)| {
            let cache = if hashed.contains(&path) { IMMUTABLE } else { ASK_AGAIN };
            let mut file = File::new(&path, content, cache);
            file.brotli = siblings.remove(&format!("{path}.br"));
            file.gzip = siblings.remove(&format!("{path}.gz"));
            (path, file)
        })
        .collect()
}

impl File {
    fn new(path: &str, plain: Bytes, cache: HeaderValue) -> Self {
        let mut digest = String::new();
        for byte in Sha256::digest(&plain).iter().take(8) {
            let _ = write!(digest, "{byte:02x}");
        }
        Self { kind: HeaderValue::from_static(kind(path)), cache, digest, plain, brotli: None, gzip: None }
    }

    /// The file in the smallest form that the client understands; or that it has it already.
    pub(super) fn answer(&self, request: &HeaderMap) -> Response {
        let accepted = Accepted::of(request);
        let (encoding, content) = match (&self.brotli, &self.gzip) {
            (Some(brotli), _) if accepted.brotli => (Some("br"), brotli),
            (_, Some(gzip)) if accepted.gzip => (Some("gzip"), gzip),
            _ => (None, &self.plain),
        };
        // Weak, as another layer may still compress what has no compressed sibling.
        let tag = format!("W/\"{}{}\"", self.digest, encoding.map_or(String::new(), |name| format!("-{name}")));
        let known = has_tag(request, &tag);
        let mut response = Response::new(if known { Body::empty() } else { Body::from(content.clone()) });
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, self.cache.clone());
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(header::CONTENT_TYPE, self.kind.clone());
        if let Some(encoding) = encoding {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
        // A script of its own may be a worker, which follows the policy of its file: it fetches from here, too.
        if self.kind.as_bytes().starts_with(b"text/html") || self.kind.as_bytes().starts_with(b"text/javascript") {
            headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(super::pages::STATIC_POLICY));
        }
        response
    }
}

/// The media type of a file's name.
fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

/// Which compressed forms the client understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Accepted {
    brotli: bool,
    gzip: bool,
}

impl Accepted {
    fn of(request: &HeaderMap) -> Self {
        let mut accepted = Self::default();
        let values = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        for part in values.flat_map(|value| value.split(',')) {
            let (name, parameters) = part.split_once(';').unwrap_or((part, ""));
            let quality = parameters.trim().strip_prefix("q=").and_then(|quality| quality.trim().parse::<f32>().ok());
            let wanted = quality.is_none_or(|quality| quality > 0.0);
            match name.trim() {
                "br" => accepted.brotli = wanted,
                "gzip" => accepted.gzip = wanted,
                _ => {}
            }
        }
        accepted
    }
}

/// Whether the client has the content with this tag.
fn has_tag(request: &HeaderMap, tag: &str) -> bool {
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|one| one.trim() == "*" || bare(one) == bare(tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_lead_out_of_the_folder() {
        for path in [
            "",
            "/",
            "//",
            "/..",
            "/../secret",
            "/pkg/../../secret",
            "/pkg//x",
            "/.env",
            "/pkg/.git/x",
            "/a\\..\\b",
            "/%2e%2e/secret",
            "/a\0b",
            "pkg/x",
            "/pkg/",
        ] {
            assert_eq!(inside(path), None, "{path:?}");
        }
        assert_eq!(inside("/pkg/memescope.css"), Some("pkg/memescope.css"));
    }

    #[test]
    fn a_client_says_what_it_understands() {
        for (text, brotli, gzip) in [
            ("gzip, deflate, br, zstd", true, true),
            ("gzip", false, true),
            ("br;q=0, gzip;q=0.5", false, true),
            ("br; q=0.001", true, false),
            ("identity", false, false),
            ("", false, false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
            assert_eq!(Accepted::of(&headers), Accepted { brotli, gzip }, "{text}");
        }
        assert_eq!(Accepted::of(&HeaderMap::new()), Accepted::default());
    }

    #[test]
    fn a_tag_is_known_in_any_spelling() {
        for (text, known) in [
            ("W/\"a\"", true),
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("\"a-br\"", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static(text));
            assert_eq!(has_tag(&headers, "W/\"a\""), known, "{text}");
        }
    }
}
