//! `GET /api/balance`.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description, envelope};
use crate::app::App;
use crate::auth::{Authorized, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// A balance.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "EightyEightPayBalance")]
struct View<'a> {
    #[schemars(with = "wire::CurrencyCode")]
    currency: &'a str,
    /// A decimal.
    #[schemars(regex(pattern = "^[0-9]+(\\.[0-9]+)?$"))]
    available: &'a str,
}

const SCOPE: &str = "balance:read";

pub(super) fn route() -> Route {
    let data = json!({ "currency": "COP", "available": "1500000.00" });
    let operation = Operation::new("eightyEightPayShowBalance", "Show the balance", &description::SESSION_CALL)
        .needs(SCOPE)
        .answers::<envelope::Success<'_, View<'_>>>(
            StatusCode::OK,
            "The balance.",
            json!({ "status": "Success", "code": 200, "message": "Balance retrieved", "data": data }),
        );
    Route::get("/api/balance", show, operation)
}

async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::by_session(&app, &parts, SCOPE, access::BALANCE).await?;
    let answer = read(&app, &call).await.map_err(|refusal| refusal.with_quota(Some(*call.quota())))?;
    Ok(envelope::with_quota(answer, call.quota()))
}

async fn read(app: &App, call: &Authorized) -> Result<Response, Refusal> {
    let principal = call.principal();
    let available = app.services.vault.balance(&principal.merchant().id, principal.mode()).await?;
    let available = available.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let data = View { currency: &principal.merchant().currency, available: &available };
    let body = Json(envelope::Success::new("Balance retrieved", data));
    Ok(([(CACHE_CONTROL, "no-store")], body).into_response())
}
