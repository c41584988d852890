//! How a refusal looks to people.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::view::Look;
use super::{answer, page_with};
use crate::auth::{Reason, Refusal};

#[derive(Template)]
#[template(path = "panel/refused.html")]
struct RefusedPage {
    look: Look,
    title: &'static str,
    text: &'static str,
}

/// The page of a refusal; it holds nothing of the request.
pub(crate) fn render(refusal: &Refusal) -> Response {
    let (status, title, text) = describe(refusal.reason());
    let page = page_with(status, &RefusedPage { look: Look::default(), title, text });
    page.unwrap_or_else(|_| {
        let mut response = status.into_response();
        answer::protect(response.headers_mut());
        response
    })
}

fn describe(reason: &Reason) -> (StatusCode, &'static str, &'static str) {
    use StatusCode as S;
    match reason {
        Reason::HttpsRequired => (S::FORBIDDEN, "HTTPS is required", "Open this page with https:// in front."),
        Reason::InvalidRequest(_) | Reason::AmbiguousPath => {
            (S::BAD_REQUEST, "This was not understood", "Go back, reload the page and try again.")
        }
        Reason::MethodNotAllowed(_) => {
            (S::METHOD_NOT_ALLOWED, "This is not possible here", "Start again from the overview.")
        }
        Reason::NotFound => {
            (S::NOT_FOUND, "Not found", "There is no such page, or it is not yours to see in this mode.")
        }
        Reason::OriginDenied => (
            S::FORBIDDEN,
            "This form is out of date",
            "It did not come from a page of your current session. Nothing was changed. Reload the page and try again; \
             your browser must accept cookies from this site.",
        ),
        Reason::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "Too much at once", "What was sent is too long."),
        Reason::RateLimited(_) => (S::TOO_MANY_REQUESTS, "Too many requests", "Wait a little and try again."),
        Reason::ScopeDenied => (
            S::FORBIDDEN,
            "Your role does not allow this",
            "Nothing was changed. Ask an owner of this account; who runs the server is changed by its administrators \
                 only.",
        ),
        Reason::Unavailable(_) => {
            (S::SERVICE_UNAVAILABLE, "Try again shortly", "The server is busy. Nothing was changed.")
        }
        _ => (S::INTERNAL_SERVER_ERROR, "Something went wrong", "It is our fault, and it was written to the log."),
    }
}
