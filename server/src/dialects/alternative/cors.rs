//! What a browser is told: any page may call the checkout API, as the token says everything; never with cookies.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
};
use http::{HeaderValue, StatusCode};

use super::access::{ROOTS, operation_id};
use super::description::{BROWSER_HEADERS, PREFLIGHT};
use crate::auth::{Reason, Refusal};
use crate::openapi::{Operation, Route};

const METHODS: &str = "GET, POST";
const HEADERS: &str = "authorization, content-type, idempotency-key";
/// Seconds for which a browser may remember the answer.
const MAX_AGE: &str = "600";

/// What browsers ask before they call a route.
pub(super) fn route(root: &str, path: &str) -> Route {
    let id = operation_id(root, &format!("preflight{}", path.replace(['/', '-'], "_")));
    Route::options(format!("{root}{path}"), preflight, operation(id))
}

/// Whatever else browsers ask for below the first root, they are let in and find nothing.
pub(super) fn route_for_the_rest() -> Route {
    let [_, root] = ROOTS;
    let operation = operation("alternativePreflightRest".to_owned()).path(
        "rest",
        "Any other path.",
        "^[A-Za-z0-9_-]+$",
        "elsewhere",
    );
    Route::options(format!("{root}/{{*rest}}"), preflight, operation).otherwise(unknown)
}

fn operation(id: String) -> Operation {
    Operation::new(id, "Ask as a browser whether a call is welcome", &PREFLIGHT)
        .answers_nothing(StatusCode::NO_CONTENT, "It is, from any page.")
        .with_header("access-control-allow-methods", METHODS)
        .with_header("access-control-allow-headers", HEADERS)
        .with_header("access-control-max-age", MAX_AGE)
}

/// `OPTIONS /checkout/…` (Fetch §3.2.2).
async fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn unknown() -> Refusal {
    Refusal::new(Reason::NotFound)
}

/// Lets the page read an answer, a refusal included.
pub(super) fn open(mut response: Response) -> Response {
    let [(_, origin), (_, exposed)] = BROWSER_HEADERS;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static(origin));
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(exposed));
    response
}
