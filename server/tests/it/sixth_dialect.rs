//! A sixth dialect costs one folder and one registration line: here is one, made outside the server.

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::StatusCode;
use tollgate::app::App;
use tollgate::auth::{Reason, Refusal};
use tollgate::dialects::Dialect;
use tollgate::dialects::caibo::Caibo;

use super::world::{Call, world_with};

struct Sixth;

impl Dialect for Sixth {
    fn name(&self) -> &'static str {
        "sixth"
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with("/sixth/")
    }

    fn routes(&self) -> Router<App> {
        Router::new()
            .route("/sixth/hello", get(|| async { "hello" }))
            .route("/sixth/refused", get(|| async { Refusal::new(Reason::AccountSuspended) }))
            .route("/sixth/broken", get(|| async { broken() }))
    }

    fn render(&self, refusal: &Refusal, _: &str) -> Response {
        (StatusCode::IM_A_TEAPOT, format!("sixth says {}", refusal.reason().label())).into_response()
    }
}

#[expect(clippy::panic, reason = "the defect this test is about")]
fn broken() -> &'static str {
    panic!("a defect in a handler")
}

#[tokio::test]
async fn a_dialect_is_one_folder_and_one_line() {
    let world = world_with(&[&Caibo, &Sixth]).await;
    let table = [
        ("GET", "/sixth/hello", 200, "hello"),
        ("GET", "/sixth/refused", 418, "sixth says account_suspended"),
        ("GET", "/sixth/unknown", 418, "sixth says not_found"),
        ("POST", "/sixth/hello", 418, "sixth says method_not_allowed"),
        ("GET", "/sixth/broken", 418, "sixth says internal"),
    ];
    for (method, path, status, body) in table {
        let answer = world.send(Call::method(method, path)).await;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (status, body), "{method} {path}");
        assert!(answer.header("x-request-id").is_some(), "{method} {path}");
    }
    // A dialect that is not registered is not there.
    let answer = world.send(Call::post("/api/auth/token")).await;
    assert_eq!(answer.json()["code"], "not_found");
}
