//! `GET /checkout/…/payment-methods`: what the token's customer can pay with.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use serde::Serialize;

use super::access;
use crate::app::App;
use crate::auth::Refusal;
use crate::payments::PaymentMethod;

/// The most that are listed.
const MAX_LISTED: u32 = 100;

#[derive(Serialize)]
struct View<'a> {
    id: &'a str,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'a str>,
    last4: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp_year: Option<u16>,
}

pub(super) async fn list(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let checkout = access::by_checkout_token(&app, &parts).await?;
    let invoice = &checkout.invoice;
    let invoices = &app.services.invoices;
    let methods = invoices.payment_methods(&invoice.merchant, invoice.mode, &invoice.customer_id, MAX_LISTED).await?;
    let views: Vec<_> = methods.iter().map(view).collect();
    Ok(([(CACHE_CONTROL, "no-store")], Json(views)).into_response())
}

fn view(method: &PaymentMethod) -> View<'_> {
    View {
        id: &method.id,
        r#type: method.kind.as_str(),
        brand: method.brand.as_deref(),
        last4: &method.last4,
        exp_month: method.expiry.map(|(month, _)| month),
        exp_year: method.expiry.map(|(_, year)| year),
    }
}
