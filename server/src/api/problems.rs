//! `GET /problems/{code}`: what the `type` of a problem leads to.

/// A kind of problem.
#[derive(Clone, Copy, Debug)]
pub struct ProblemKind {
    /// The stable code, as in the member `code` of the problem.
    pub code: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What it means and what to do.
    pub words: &'static str,
}

macro_rules! problems {
    ($($code:literal $status:literal $words:literal)*) => {
        /// Every kind.
        pub const PROBLEMS: &[ProblemKind] = &[$(ProblemKind { code: $code, status: $status, words: $words }),*];
    };
}

problems! {
    "invalid_parameter" 400
        "A query parameter has a value that cannot be read. The member errors names each one and what is allowed."
    "unknown_parameter" 400
        "There is no query parameter of this name. Unknown names are refused, because a filter with a typing error would \
         show unfiltered rows. The member errors names each one and what was probably meant."
    "bad_request" 400
        "The request cannot be read."
    "invalid_cursor" 400
        "The cursor is not one of this server, or belongs to another query. Begin again without a cursor."
    "invalid_address" 400
        "This is not the address of a token on that chain."
    "forbidden" 403
        "This is not for everybody."
    "origin_not_allowed" 403
        "Pages of this origin may not use the API. Whoever runs the server decides about that."
    "not_found" 404
        "There is nothing at this address."
    "token_not_found" 404
        "The token is not on the board, and its source does not know it either."
    "method_not_allowed" 405
        "This address does not know the method; the header Allow names those that it knows."
    "not_acceptable" 406
        "The answer cannot be given in any form that the header Accept allows."
    "request_timeout" 408
        "The request did not arrive in time."
    "already_subscribed" 409
        "The connection follows this already: a channel is named twice, or the subscription is open. Unsubscribe, update or \
         resync it."
    "too_many_subscriptions" 409
        "The connection has as many subscriptions as it may. Unsubscribe from one of them, or open another connection."
    "payload_too_large" 413
        "The body of the request is too large."
    "uri_too_long" 414
        "The address of the request is too long."
    "unsupported_media_type" 415
        "The body of the request is not of a type that is understood here."
    "unprocessable" 422
        "The body of the request does not say what it should."
    "upgrade_required" 426
        "This is a WebSocket: connect with an Upgrade request, version 13."
    "rate_limited" 429
        "Too many requests, or open sockets, from your address. Wait as long as the header Retry-After says."
    "internal" 500
        "A fault of ours. It was noted under the request_id."
    "not_ready" 503
        "The server has just started and has no board yet. Try again in a moment."
    "overloaded" 503
        "There is more to do than can be done now. Wait as long as the header Retry-After says."
    "sources_unavailable" 503
        "None of the sources answers."
    "upstream_timeout" 504
        "The source did not answer in time."
}

/// The page about a kind; its name may be written with hyphens or underscores. `None` when there is no such kind.
pub(super) fn page(name: &str) -> Option<String> {
    let kind = PROBLEMS.iter().find(|kind| kind.code.replace('_', "-") == name.replace('_', "-"))?;
    let ProblemKind { code, status, words } = kind;
    Some(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{code} · Memescope</title>\n\
         <h1>{code}</h1>\n<p>Status {status}.</p>\n<p>{words}</p>\n<p><a href=\"/\">Memescope</a></p>\n</html>\n"
    ))
}
