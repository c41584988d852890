//! `POST /v1/orders`: gift-card codes, paid from the balance.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{access, codes, envelope};
use crate::app::App;
use crate::auth::{FieldFault, Principal, Reason, Refusal};
use crate::payments::{ItemRef, NewOrder, Order};
use crate::storage::{Created, OrderOutcome};
use crate::transport::{Members, idempotent_call, json_body};

/// The most items in one order.
const MAX_QUANTITY: u32 = 100;
/// The longest e-mail address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
const MAX_EMAIL: usize = 254;
/// The longest item code, in bytes.
const MAX_CODE: usize = 64;

/// The members of a body, checked.
struct Wanted {
    item: ItemRef,
    quantity: u32,
    email: String,
}

pub(super) async fn create(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, "orders:write").await?;
    place(&app, &parts, body, call.principal(), arrival.now).await
}

async fn place(
    app: &App,
    parts: &Parts,
    body: Body,
    principal: &Principal,
    now: OffsetDateTime,
) -> Result<Response, Refusal> {
    const ROUTE: &str = "POST /v1/orders";
    let (members, bytes) = json_body(&parts.headers, body).await?;
    let idempotent = idempotent_call(&parts.headers, ROUTE, &bytes, principal, &app.services.in_flight)?;
    if let Some(call) = &idempotent {
        let vault = &app.services.vault;
        let first = vault.answered(&principal.merchant().id, principal.mode(), &call.entry, now).await?;
        // Another body under a known key is told so before its form is judged.
        if matches!(first, Some(Created::Mismatch)) {
            return Err(Refusal::new(Reason::IdempotencyMismatch));
        }
    }
    let Wanted { item, quantity, email } = read(&members)?;
    let named = match item {
        ItemRef::Code(_) => "item_code",
        ItemRef::Id(_) => "item_id",
    };
    let new = NewOrder {
        merchant: principal.merchant().id.clone(),
        mode: principal.mode(),
        item,
        quantity,
        email,
        codes: codes::make(&app.services, principal.mode(), quantity)?,
        created_at: now,
    };
    let entry = idempotent.as_ref().map(|call| call.entry.clone());
    match app.services.orders.create_order(new, entry).await? {
        OrderOutcome::Placed(order) => full(app, &order),
        OrderOutcome::Repeated(order) => {
            let mut response = full(app, &order)?;
            response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
            Ok(response)
        }
        OrderOutcome::Mismatch => Err(Refusal::new(Reason::IdempotencyMismatch)),
        OrderOutcome::NoSuchItem => Err(Refusal::field(named, FieldFault::Invalid)),
        OrderOutcome::OutOfStock => Err(Refusal::new(Reason::Unprocessable("out_of_stock"))),
        OrderOutcome::InsufficientBalance => Err(Refusal::new(Reason::Unprocessable("insufficient_balance"))),
    }
}

fn read(members: &Members) -> Result<Wanted, Refusal> {
    match (item(members), quantity(members), members.required_string("email", MAX_EMAIL)) {
        (Ok(item), Ok(quantity), Ok(email)) => Ok(Wanted { item, quantity, email }),
        (item, quantity, email) => Err(envelope::all_of([item.err(), quantity.err(), email.err()])),
    }
}

/// One of two members says which item.
fn item(members: &Members) -> Result<ItemRef, Refusal> {
    let both =
        |fault| Refusal::new(Reason::InvalidRequest(vec![("item_code".into(), fault), ("item_id".into(), fault)]));
    match (members.raw("item_code"), members.raw("item_id")) {
        (Some(_), None) => members.required_string("item_code", MAX_CODE).map(ItemRef::Code),
        (None, Some(number)) => {
            let id = crate::payments::parse_id(number);
            id.map(ItemRef::Id).ok_or_else(|| Refusal::field("item_id", FieldFault::Invalid))
        }
        (None, None) => Err(both(FieldFault::Required)),
        (Some(_), Some(_)) => Err(both(FieldFault::Invalid)),
    }
}

fn quantity(members: &Members) -> Result<u32, Refusal> {
    let quantity = members.required_raw("quantity")?.parse().ok();
    let fitting = quantity.filter(|quantity| (1..=MAX_QUANTITY).contains(quantity));
    fitting.ok_or_else(|| Refusal::field("quantity", FieldFault::Invalid))
}

/// An order without its codes, as it stands in a list.
pub(super) fn summary(order: &Order) -> Option<Value> {
    let mut view = Value::Object(common(order));
    let created_at = order.created_at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()?;
    view.as_object_mut()?.insert("created_at".to_owned(), created_at.into());
    Some(view)
}

/// The answer to whoever placed the order, the first time and again.
fn full(app: &App, order: &Order) -> Result<Response, Refusal> {
    let text = codes::open(&app.services, &order.codes)?;
    let codes: Vec<Value> = text.split(' ').map(|code| json!({ "code": code })).collect();
    let mut data = common(order);
    data.insert("codes".to_owned(), codes.into());
    data.insert("state".to_owned(), order.status.as_str().into());
    Ok(envelope::success(StatusCode::CREATED, "Order created", data.into()))
}

fn common(order: &Order) -> Map<String, Value> {
    let order_no = format!("ORD-{:04}-{:06}", order.created_at.year(), order.id);
    [
        ("id", order.id.into()),
        ("order_no", order_no.into()),
        ("status", order.status.as_str().into()),
        ("item_id", order.item_id.into()),
        ("quantity", order.quantity.into()),
    ]
    .map(|(name, value): (&str, Value)| (name.to_owned(), value))
    .into_iter()
    .collect()
}
