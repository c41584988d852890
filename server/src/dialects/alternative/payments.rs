//! `POST /checkout/…/payments`: pays the invoice of the token, once and in full.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::access::{self, Checkout};
use super::invoice::{from_token, timestamp};
use super::{description, notification};
use crate::app::App;
use crate::auth::{FieldFault, Reason, Refusal};
use crate::dialects::{answer_created, first_answer, wire};
use crate::openapi::{Operation, Route};
use crate::payments::{Amount, NewInvoicePayment, PaymentMethodType, parse_date};
use crate::storage::{Answered, InvoicePaymentOutcome};
use crate::transport::{MAX_BODY, Members, idempotent_call, json_body};

/// The longest payment method name and date, in characters.
const MAX_WORD: usize = 32;
/// Characters of a payment id behind its prefix.
const ID_LEN: usize = 16;

/// A payment in full.
#[derive(JsonSchema)]
#[schemars(rename = "AlternativePaymentRequest")]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    /// The total of the invoice.
    #[schemars(length(max = Amount::MAX_LEN), regex(pattern = wire::DECIMAL))]
    amount: String,
    #[schemars(extend("format" = "date"))]
    payment_date: String,
    #[schemars(extend("enum" = ["bank", "card"]))]
    payment_method: String,
    #[schemars(length(min = 1), regex(pattern = wire::TEXT))]
    payment_method_id: String,
}

/// A payment that was made.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AlternativePayment")]
struct View<'a> {
    id: &'a str,
    invoice_id: &'a str,
    #[schemars(extend("const" = "succeeded"))]
    status: &'static str,
    #[schemars(regex(pattern = wire::DECIMAL))]
    amount: &'a str,
    #[schemars(with = "wire::CurrencyCode")]
    currency: &'static str,
    #[schemars(with = "wire::Timestamp")]
    created_at: &'a str,
}

pub(super) fn route(root: &str) -> Route {
    let asked = json!({
        "amount": "119.00", "payment_date": "2026-01-02", "payment_method": "card", "payment_method_id": "pm_invented",
    });
    let made = json!({
        "id": "pay_AbCdEfGhIjKlMnOp", "invoice_id": "inv_invented", "status": "succeeded", "amount": "119.00",
        "currency": "USD", "created_at": "2026-01-02T00:00:00Z",
    });
    let id = access::operation_id(root, "pay");
    let operation = from_token(Operation::new(id, "Pay the invoice of the token", &description::BROWSER_CALL))
        .json::<Input>(asked)
        .repeatable()
        .refuses([
            Reason::InvalidRequest(vec![("amount".into(), FieldFault::Invalid)]),
            Reason::NotFound,
            Reason::Conflict("invoice_not_payable"),
        ])
        .answers::<View<'_>>(StatusCode::CREATED, "The payment.", made);
    Route::post(format!("{root}/payments"), pay, operation)
}

async fn pay(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    const ROUTE: &str = "POST /checkout/payments";
    let (parts, body) = request.into_parts();
    let checkout = access::by_checkout_token(&app, &parts).await?;
    let (members, bytes) = json_body(&parts.headers, body).await?;
    let principal = checkout.call.principal();
    let mut idempotent = idempotent_call(&parts.headers, ROUTE, &bytes, principal, &app.services.in_flight)?;
    if let Some(call) = &mut idempotent {
        // A key counts for one invoice: two customers who chose the same one do not get each other's answer.
        call.entry.key = format!("{}/{}", checkout.invoice.id, call.entry.key);
    }
    if let Some(first) = first_answer(&app, principal, idempotent.as_ref(), checkout.arrival.now).await? {
        return Ok(first);
    }
    let id = format!("pay_{}", *app.services.rng.base62(ID_LEN)?);
    let new = read(&members, checkout, id)?;
    let entry = idempotent.as_ref().map(|call| call.entry.clone());

    let created_at = timestamp(new.created_at)?;
    let render = |made: &NewInvoicePayment| Answered {
        status: StatusCode::CREATED.as_u16(),
        body: serde_json::to_string(&View {
            id: &made.id,
            invoice_id: &made.invoice.id,
            status: "succeeded",
            amount: made.invoice.total.as_str(),
            currency: made.invoice.currency.code(),
            created_at: &created_at,
        })
        .unwrap_or_default(),
    };
    let message_id = app.services.webhooks.message_id(new.created_at)?;
    let notify = |made: &NewInvoicePayment| notification::paid(made, message_id.clone());
    let outcome = app.services.invoices.pay_invoice(new, entry, &render, &notify).await?;
    app.services.webhooks.wake();
    match outcome {
        InvoicePaymentOutcome::Created(created) => answer_created(created),
        InvoicePaymentOutcome::OtherKind => Err(Refusal::field("payment_method", FieldFault::Invalid)),
        InvoicePaymentOutcome::NotPayable => Err(Refusal::new(Reason::Conflict("invoice_not_payable"))),
        InvoicePaymentOutcome::UnknownMethod => Err(Refusal::new(Reason::NotFound)),
    }
}

fn read(members: &Members, checkout: Checkout, id: String) -> Result<NewInvoicePayment, Refusal> {
    let Checkout { arrival, invoice, .. } = checkout;
    if let Some(name) = access::FROM_THE_TOKEN.into_iter().find(|name| members.raw(name).is_some()) {
        return Err(Refusal::field(name, FieldFault::NotAllowed));
    }
    let invalid = |name: &'static str| Refusal::field(name, FieldFault::Invalid);
    // The invoice says what is owed; the page only repeats it.
    if members.required_string("amount", Amount::MAX_LEN)? != invoice.total.as_str() {
        return Err(invalid("amount"));
    }
    let date = members.required_string("payment_date", MAX_WORD)?;
    let kind = members.required_string("payment_method", MAX_WORD)?;
    Ok(NewInvoicePayment {
        id,
        payment_date: parse_date(&date).ok_or_else(|| invalid("payment_date"))?,
        kind: PaymentMethodType::parse(&kind).ok_or_else(|| invalid("payment_method"))?,
        payment_method: members.required_string("payment_method_id", MAX_BODY)?,
        created_at: arrival.now,
        invoice,
    })
}
