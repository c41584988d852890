//! JSON bodies of answers.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

/// Answers a value as `application/json`.
///
/// It is written into memory that most answers fit in at once. A value that does not fit JSON is a 500 that says nothing.
pub(super) struct Json<T>(pub(super) T);

/// Most answers are shorter, tokens included.
const USUAL: usize = 1024;

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut body = Vec::with_capacity(USUAL);
        if serde_json::to_writer(&mut body, &self.0).is_err() {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
        let mut response = Response::new(Body::from(body));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use http_body_util::BodyExt;

    use super::*;

    async fn answered(value: impl Serialize) -> (StatusCode, Option<HeaderValue>, Vec<u8>) {
        let (head, body) = Json(value).into_response().into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        (head.status, head.headers.get(CONTENT_TYPE).cloned(), body)
    }

    #[tokio::test]
    async fn a_value_is_answered_as_json_of_any_length() {
        let long = "x".repeat(3 * USUAL);
        let (status, kind, body) = answered(&long).await;
        assert_eq!((status, kind.unwrap()), (StatusCode::OK, HeaderValue::from_static("application/json")));
        assert_eq!(body, format!("\"{long}\"").into_bytes());
    }

    #[tokio::test]
    async fn what_is_no_json_is_a_500_without_a_word() {
        let (status, _, body) = answered(BTreeMap::from([((1, 2), "no text for a name")])).await;
        assert_eq!((status, body.as_slice()), (StatusCode::INTERNAL_SERVER_ERROR, b"".as_slice()));
    }
}
