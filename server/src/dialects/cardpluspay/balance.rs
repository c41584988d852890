//! `GET /v1/balance`.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use serde_json::json;

use super::{access, envelope};
use crate::app::App;
use crate::auth::{Reason, Refusal};

pub(super) async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, "balance:read").await?;
    let principal = call.principal();
    let balance = app.services.vault.balance(&principal.merchant().id, principal.mode()).await?;
    let balance = balance.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let data = json!({ "balance": balance, "currency": principal.merchant().currency, "state": "success" });
    Ok(envelope::success(StatusCode::OK, "Balance retrieved", data))
}
