//! A sixth dialect costs one folder and one registration line: here is one, made outside the server.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use schemars::SchemaGenerator;
use serde_json::json;
use tollgate::auth::{Reason, Refusal};
use tollgate::dialects::caibo::Caibo;
use tollgate::dialects::{Dialect, document};
use tollgate::openapi::{Access, Operation, Route, Routes, Tag};

use super::world::{Call, world_with};

struct Sixth;

impl Dialect for Sixth {
    fn name(&self) -> &'static str {
        "sixth"
    }

    fn owns(&self, path: &str) -> bool {
        path.starts_with("/sixth/")
    }

    fn routes(&self) -> Routes {
        let refused = operation("sixthRefused").refuses([Reason::AccountSuspended]);
        Routes::new([
            Route::get("/sixth/hello", || async { "hello" }, operation("sixthHello")),
            Route::get("/sixth/refused", || async { Refusal::new(Reason::AccountSuspended) }, refused),
            Route::get("/sixth/broken", || async { broken() }, operation("sixthBroken")),
        ])
    }

    fn render(&self, refusal: &Refusal, _: &str) -> Response {
        (StatusCode::IM_A_TEAPOT, format!("sixth says {}", refusal.reason().label())).into_response()
    }
}

const OPEN: Access = Access {
    name: "Sixth",
    tag: Tag { name: "sixth", description: "A dialect of a test." },
    ways: &[],
    refusals: &[],
    error: SchemaGenerator::subschema_for::<String>,
    headers: &[],
    quota: false,
};

fn operation(id: &str) -> Operation {
    Operation::new(id, "Greet", &OPEN).answers_as::<String>(StatusCode::OK, "text/plain", "A greeting.", json!("hello"))
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
    // Its routes are described, and its refusals as it renders them.
    let document = document(&[&Caibo, &Sixth], "http://sixth.test");
    let paths = &document.as_value()["paths"];
    assert_eq!(paths["/sixth/hello"]["get"]["operationId"], "sixthHello");
    assert!(paths.get("/api/auth/token").is_none(), "a dialect that is not registered is not described");
    let refused = &document.as_value()["components"]["responses"]["SixthImateapot"]["content"]["text/plain"];
    assert_eq!(refused["examples"]["account_suspended"]["value"], "sixth says account_suspended");
}
