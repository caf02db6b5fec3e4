//! Errors as every route tells them: `application/problem+json`.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use memescope::ParameterError;
use serde::Serialize;

/// An answer that says what went wrong.
///
/// `instance` (the path) and `request_id` are of the request, not of the problem: the outermost layer adds them with
/// [`Problem::place`] to the answer that carries the problem along as an extension.
///
/// Boxed inside, so that a `Result` with it costs no more than one without.
#[derive(Clone, Debug)]
pub struct Problem(Box<Members>);

#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Problem"))]
struct Members {
    /// Where a page tells people about this kind of problem.
    #[serde(rename = "type")]
    kind: String,
    title: String,
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(test, schemars(with = "u16"))]
    status: StatusCode,
    detail: String,
    /// The path that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// Stable, for programs.
    code: &'static str,
    /// The request's name in the server's log.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// What is wrong with which parameter.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ParameterError>,
    #[serde(skip)]
    headers: HeaderMap,
}

impl Problem {
    /// A problem with its status, its stable code and a sentence.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Members {
            kind: format!("/problems/{}", code.replace('_', "-")),
            title: title(code),
            status,
            detail: detail.into(),
            instance: None,
            code,
            request_id: None,
            errors: Vec::new(),
            headers: HeaderMap::new(),
        }))
    }

    /// Query parameters that cannot be read, one entry each.
    pub fn parameters(code: &'static str, errors: Vec<ParameterError>) -> Self {
        let detail = match errors.len() {
            1 => "1 query parameter is not valid.".to_owned(),
            n => format!("{n} query parameters are not valid."),
        };
        let mut problem = Self::new(StatusCode::BAD_REQUEST, code, detail);
        problem.0.errors = errors;
        problem
    }

    /// The same with a header in the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// The same with the seconds after which another try makes sense.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// What its body looks like.
    #[cfg(test)]
    pub(crate) fn schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<Members>()
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Its stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }

    /// Says in the body of `response`, if a problem it is, which request it answers.
    pub fn place(response: Response, path: &str, request_id: &str) -> Response {
        if response.extensions().get::<Self>().is_none() {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        let Some(mut problem) = parts.extensions.remove::<Self>() else {
            return Response::from_parts(parts, body);
        };
        problem.0.instance = Some(path.to_owned());
        problem.0.request_id = Some(request_id.to_owned());
        parts.headers.remove(header::CONTENT_LENGTH);
        Response::from_parts(parts, problem.body())
    }

    fn body(&self) -> Body {
        // A struct of strings, numbers and lists always has a JSON form.
        Body::from(serde_json::to_vec(&self.0).unwrap_or_default())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.body());
        *response.status_mut() = self.0.status;
        let headers = response.headers_mut();
        headers.extend(self.0.headers.clone());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response.extensions_mut().insert(self);
        response
    }
}

fn title(code: &str) -> String {
    let words = code.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use axum::body::to_bytes;
    use serde_json::{Value, json};

    use super::*;

    async fn body(response: Response) -> Value {
        serde_json::from_slice(&to_bytes(response.into_body(), 1 << 20).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_problem_names_its_parameters_and_its_request() {
        let errors = vec![ParameterError::new("window", "not_one_of", "2h is not allowed here")];
        let response = Problem::parameters("invalid_parameter", errors).into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        let placed = Problem::place(response, "/tokens", "01ABC");
        assert_eq!(
            body(placed).await,
            json!({
                "type": "/problems/invalid-parameter", "title": "Invalid parameter", "status": 400,
                "detail": "1 query parameter is not valid.", "instance": "/tokens",
                "code": "invalid_parameter", "request_id": "01ABC",
                "errors": [{"parameter": "window", "code": "not_one_of", "detail": "2h is not allowed here"}],
            })
        );
    }

    #[tokio::test]
    async fn what_is_no_problem_stays_as_it_is() {
        let placed = Problem::place("fine".into_response(), "/", "1");
        assert_eq!(to_bytes(placed.into_body(), 100).await.unwrap(), "fine");
    }

    #[test]
    fn a_later_try_is_announced() {
        let response =
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Busy.").retry_after(5).into_response();
        assert_eq!(response.headers()[header::RETRY_AFTER], "5");
    }
}
