//! `GET /checkout/…/payment-methods`: what the token's customer can pay with.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::invoice::from_token;
use super::{access, description};
use crate::app::App;
use crate::auth::Refusal;
use crate::dialects::json::Json;
use crate::openapi::{Operation, Route};
use crate::payments::PaymentMethod;

/// The most that are listed.
const MAX_LISTED: u32 = 100;

/// Something a customer saved to pay with.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativePaymentMethod")]
struct View<'a> {
    id: &'a str,
    #[schemars(extend("enum" = ["bank", "card"]))]
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    brand: Option<&'a str>,
    #[schemars(regex(pattern = "^[0-9]{4}$"))]
    last4: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 12))]
    exp_month: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp_year: Option<u16>,
}

pub(super) fn route(root: &str) -> Route {
    let card = json!({
        "id": "pm_invented", "type": "card", "brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2030,
    });
    let id = access::operation_id(root, "payment_methods");
    let operation = Operation::new(id, "List what the token's customer can pay with", &description::BROWSER_CALL);
    let operation = from_token(operation).answers::<Vec<View<'_>>>(StatusCode::OK, "At most 100.", json!([card]));
    Route::get(format!("{root}/payment-methods"), list, operation)
}

async fn list(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
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
