//! `GET /checkout/…/invoice` and `/invoice/pdf-link`: the invoice of the token.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{access, description};
use crate::app::App;
use crate::auth::{FieldFault, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::openapi::{Operation, Route};

/// Random bytes in the address of a document.
const LINK_LEN: usize = 32;

/// An invoice as its payer sees it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativeInvoice")]
struct View<'a> {
    id: &'a str,
    invoice_number: &'a str,
    customer_id: &'a str,
    #[schemars(extend("enum" = ["open", "paid", "processing"]))]
    status: &'static str,
    #[schemars(with = "wire::CurrencyCode")]
    currency: &'static str,
    #[schemars(regex(pattern = wire::DECIMAL))]
    sub_total: &'a str,
    #[schemars(regex(pattern = wire::DECIMAL))]
    total: &'a str,
    #[schemars(extend("format" = "date"))]
    due_date: String,
    #[schemars(with = "wire::Timestamp")]
    created_at: String,
}

/// Where a document is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativePdfLink")]
struct Link {
    url: String,
}

pub(super) fn route(root: &str) -> Route {
    let example = json!({
        "id": "inv_invented", "invoice_number": "INV-0001", "customer_id": "cus_invented", "status": "open",
        "currency": "USD", "sub_total": "100.00", "total": "119.00", "due_date": "2026-01-31",
        "created_at": "2026-01-01T00:00:00Z",
    });
    let id = access::operation_id(root, "invoice");
    let operation = from_token(Operation::new(id, "Show the invoice of the token", &description::BROWSER_CALL))
        .answers::<View<'_>>(StatusCode::OK, "The invoice.", example);
    Route::get(format!("{root}/invoice"), show, operation)
}

pub(super) fn pdf_link_route(root: &str) -> Route {
    let id = access::operation_id(root, "pdf_link");
    let operation = from_token(Operation::new(id, "Make an address for the document", &description::BROWSER_CALL))
        .answers::<Link>(StatusCode::OK, "The address.", json!({ "url": "https://pay.example/i/AAAA" }));
    Route::get(format!("{root}/invoice/pdf-link"), pdf_link, operation)
}

/// Ids come from the token alone.
pub(super) fn from_token(operation: Operation) -> Operation {
    let [first, ..] = access::FROM_THE_TOKEN;
    operation
        .described("The query may not name `customer_id`, `invoice_id` or `partner_id`: the token says all three.")
        .refuses([
            Reason::InvalidRequest(Vec::new()),
            Reason::InvalidRequest(vec![(first.into(), FieldFault::NotAllowed)]),
        ])
}

async fn show(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
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
async fn pdf_link(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    access::by_checkout_token(&app, &parts).await?;
    let mut random = [0_u8; LINK_LEN];
    app.services.rng.fill(&mut random)?;
    let url = format!("{}/i/{}", app.listener.base_url, URL_SAFE_NO_PAD.encode(random));
    Ok(([(CACHE_CONTROL, "no-store")], Json(Link { url })).into_response())
}

/// ISO 8601 UTC in whole seconds.
pub(super) fn timestamp(moment: OffsetDateTime) -> Result<String, Refusal> {
    let whole = moment.replace_nanosecond(0).map_err(|_| Refusal::new(Reason::Internal))?;
    whole.format(&Rfc3339).map_err(|_| Refusal::new(Reason::Internal))
}
