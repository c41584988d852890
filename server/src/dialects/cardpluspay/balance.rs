//! `GET /v1/balance`.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description, envelope};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// A balance.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayBalance")]
struct View<'a> {
    #[schemars(regex(pattern = wire::DECIMAL))]
    balance: &'a str,
    #[schemars(with = "wire::CurrencyCode")]
    currency: &'a str,
    #[schemars(extend("const" = "success"))]
    state: &'static str,
}

const SCOPE: &str = "balance:read";

pub(super) fn route() -> Route {
    let data = json!({ "balance": "1500.00", "currency": "USD", "state": "success" });
    let operation = Operation::new("cardPlusPayShowBalance", "Show the balance", &description::SIGNED_CALL)
        .needs(SCOPE)
        .answers::<envelope::Envelope<'_, View<'_>>>(
            StatusCode::OK,
            "The balance.",
            json!({ "success": true, "message": "Balance retrieved", "data": data }),
        );
    Route::get("/v1/balance", show, operation)
}

async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, SCOPE).await?;
    let principal = call.principal();
    let balance = app.services.vault.balance(&principal.merchant().id, principal.mode()).await?;
    let balance = balance.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let data = View { balance: &balance, currency: &principal.merchant().currency, state: "success" };
    Ok(envelope::success(StatusCode::OK, "Balance retrieved", data))
}
