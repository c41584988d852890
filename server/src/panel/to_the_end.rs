//! What a form asks for is done to its end, also when the browser goes away meanwhile.
//!
//! A browser that hangs up drops its request wherever that waits: a key would be made and its owners not told, or the
//! first of two clicks be done by half. So a form is answered in a task of its own, which an orderly stop waits for.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;

use crate::app::App;
use crate::auth::{Reason, Refusal};

/// Answers a request; a form in a task of its own.
pub(super) async fn to_the_end(State(app): State<App>, request: Request, next: Next) -> Response {
    if *request.method() != Method::POST {
        return next.run(request).await;
    }
    let answer = match app.services.errands.begin(next.run(request)) {
        Ok(answer) => answer,
        Err(error) => return Refusal::from(error).into_response(),
    };
    match answer.await {
        Ok(response) => response,
        // The edge answers to a panic, as it does everywhere else.
        Err(broken) if broken.is_panic() => std::panic::resume_unwind(broken.into_panic()),
        Err(_) => Refusal::new(Reason::Unavailable(1)).into_response(),
    }
}
