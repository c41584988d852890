//! `GET /checkout/…/invoice` and `/invoice/pdf-link`: the invoice of the token.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::CACHE_CONTROL;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::access;
use crate::app::App;
use crate::auth::{Reason, Refusal};

/// Random bytes in the address of a document.
const LINK_LEN: usize = 32;

#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    invoice_number: &'a str,
    customer_id: &'a str,
    status: &'static str,
    currency: &'static str,
    sub_total: &'a str,
    total: &'a str,
    due_date: String,
    created_at: String,
}

pub(super) async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let invoice = access::by_checkout_token(&app, &parts).await?.invoice;
    let view = View {
        id: &invoice.id,
        invoice_number: &invoice.number,
        customer_id: &invoice.customer_id,
        status: invoice.status.as_str(),
        currency: invoice.currency.code(),
        sub_total: invoice.sub_total.as_str(),
        total: invoice.total.as_str(),
        due_date: invoice.due_date.to_string(),
        created_at: timestamp(invoice.created_at)?,
    };
    Ok(([(CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// An address nobody guesses. This server keeps no documents, so nothing is behind it.
pub(super) async fn pdf_link(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    access::by_checkout_token(&app, &parts).await?;
    let mut random = [0_u8; LINK_LEN];
    app.services.rng.fill(&mut random)?;
    let url = format!("{}/i/{}", app.listener.base_url, URL_SAFE_NO_PAD.encode(random));
    Ok(([(CACHE_CONTROL, "no-store")], Json(json!({ "url": url }))).into_response())
}

/// ISO 8601 UTC in whole seconds.
pub(super) fn timestamp(moment: OffsetDateTime) -> Result<String, Refusal> {
    let whole = moment.replace_nanosecond(0).map_err(|_| Refusal::new(Reason::Internal))?;
    whole.format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))
}
