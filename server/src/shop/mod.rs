//! The demo shop of `dev`: a page that pays in both ways, and the small server behind it that holds the keys.
//!
//! It is a customer of the API like any other: it calls the sandbox with its own credentials and sees nothing else.

mod page;
mod sandbox;
mod till;

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::assets::{self, SHOP_SCRIPT, SHOP_STYLE};

pub use sandbox::Sandbox;
pub use till::{Books, InvoiceIds, Keys, ShopError, Till};

/// Every route of the shop.
pub fn router(till: Till) -> Router {
    Router::new()
        .route("/", get(page::show))
        .route("/session", post(open_session))
        .route("/invoice", post(open_invoice))
        .route("/token", post(renew_token))
        .route("/revoke", post(revoke_token))
        .merge(assets::routes(&[&SHOP_STYLE, &SHOP_SCRIPT]))
        .with_state(Arc::new(till))
}

/// What the page may say: nothing that decides what is paid, only a token to be revoked for the sake of the show.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    token: String,
}

/// What is in the basket decides what is paid, not the page. A body that is JSON keeps other sites' forms out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

async fn open_session(State(till): State<Arc<Till>>, Json(Empty {}): Json<Empty>) -> Response {
    answer(till.payment_session().await)
}

async fn open_invoice(State(till): State<Arc<Till>>, Json(Empty {}): Json<Empty>) -> Response {
    answer(till.new_invoice().await)
}

async fn renew_token(State(till): State<Arc<Till>>, Json(Empty {}): Json<Empty>) -> Response {
    answer(till.invoice_token().await)
}

async fn revoke_token(State(till): State<Arc<Till>>, Json(revocation): Json<Revocation>) -> Response {
    answer(till.revoke(&revocation.token).await.map(|()| json!({})))
}

fn answer(result: Result<Value, ShopError>) -> Response {
    let no_store = [(CACHE_CONTROL, "no-store")];
    match result {
        Ok(body) => (no_store, Json(body)).into_response(),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the demo shop could not serve its page");
            (StatusCode::BAD_GATEWAY, no_store, Json(json!({ "error": error.to_string() }))).into_response()
        }
    }
}
