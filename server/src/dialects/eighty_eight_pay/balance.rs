//! `GET /api/balance`.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde_json::json;

use super::{access, envelope};
use crate::app::App;
use crate::auth::{Authorized, Reason, Refusal};

pub(super) async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::by_session(&app, &parts, "balance:read", access::BALANCE).await?;
    let answer = read(&app, &call).await.map_err(|refusal| refusal.with_quota(Some(*call.quota())))?;
    Ok(envelope::with_quota(answer, call.quota()))
}

async fn read(app: &App, call: &Authorized) -> Result<Response, Refusal> {
    let principal = call.principal();
    let available = app.services.vault.balance(&principal.merchant().id, principal.mode()).await?;
    let available = available.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let data = json!({ "currency": principal.merchant().currency, "available": available });
    let body = Json(envelope::Success::new("Balance retrieved", data));
    Ok(([(CACHE_CONTROL, "no-store")], body).into_response())
}
