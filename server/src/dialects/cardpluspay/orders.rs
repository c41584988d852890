//! `POST /v1/orders`: gift-card codes, paid from the balance.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use http::{HeaderValue, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{access, codes, description, envelope};
use crate::app::App;
use crate::auth::{FieldFault, Principal, Reason, Refusal};
use crate::dialects::wire;
use crate::openapi::{Operation, Route};
use crate::payments::{ItemRef, NewOrder, Order};
use crate::storage::{Created, OrderOutcome};
use crate::transport::{Members, idempotent_call, json_body};

/// The most items in one order.
const MAX_QUANTITY: u32 = 100;
/// The longest e-mail address, in characters (RFC 5321 §4.5.3.1.3, less the angle brackets).
const MAX_EMAIL: usize = 254;
/// The longest item code, in characters.
const MAX_CODE: usize = 64;

/// The members of a body, checked.
struct Wanted {
    item: ItemRef,
    quantity: u32,
    email: String,
}

/// What is ordered: an item by its number or by its code.
#[derive(JsonSchema)]
#[schemars(rename = "CardPlusPayOrderRequest")]
#[schemars(extend("oneOf" = [{ "required": ["item_id"] }, { "required": ["item_code"] }]))]
#[expect(dead_code, reason = "the schema of the members that are read one by one")]
struct Input {
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_i64))]
    item_id: Option<i64>,
    #[schemars(length(min = 1, max = MAX_CODE), regex(pattern = wire::TEXT))]
    item_code: Option<String>,
    #[schemars(range(min = 1, max = MAX_QUANTITY))]
    quantity: u32,
    /// Who gets the codes.
    #[schemars(length(min = 1, max = MAX_EMAIL), regex(pattern = wire::TEXT))]
    email: String,
}

/// An order without its codes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayOrderSummary")]
pub(super) struct Summary {
    #[serde(flatten)]
    order: Common,
    #[schemars(with = "wire::Timestamp")]
    created_at: String,
}

/// An order with its codes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayOrder")]
struct View<'a> {
    #[serde(flatten)]
    order: Common,
    codes: Vec<Code<'a>>,
    #[schemars(extend("enum" = STATUSES))]
    state: &'static str,
}

#[derive(Serialize, JsonSchema)]
struct Common {
    id: i64,
    #[schemars(regex(pattern = "^ORD-[0-9]{4}-[0-9]{6,}$"))]
    order_no: String,
    #[schemars(extend("enum" = STATUSES))]
    status: &'static str,
    item_id: i64,
    quantity: u32,
}

/// A gift-card code.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayCode")]
struct Code<'a> {
    code: &'a str,
}

/// How an order can stand.
pub(super) const STATUSES: [&str; 3] = ["completed", "failed", "pending"];

const SCOPE: &str = "orders:write";

pub(super) fn route() -> Route {
    let data = json!({
        "id": 1, "order_no": "ORD-2026-000001", "status": "completed", "item_id": 17, "quantity": 1,
        "codes": [{ "code": "AAAA-BBBB-CCCC" }], "state": "completed",
    });
    let operation = Operation::new("cardPlusPayOrder", "Order gift-card codes", &description::SIGNED_CALL)
        .needs(SCOPE)
        .json::<Input>(json!({ "item_id": 17, "quantity": 1, "email": "ana@shop.example" }))
        .repeatable()
        .refuses([
            Reason::InvalidRequest(vec![("quantity".into(), FieldFault::Invalid)]),
            Reason::Unprocessable("out_of_stock"),
            Reason::Unprocessable("insufficient_balance"),
        ])
        .answers::<envelope::Envelope<'_, View<'_>>>(
            StatusCode::CREATED,
            "The order and its codes.",
            json!({ "success": true, "message": "Order created", "data": data }),
        );
    Route::post("/v1/orders", create, operation)
}

async fn create(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let (call, arrival) = access::call(&app, &parts, SCOPE).await?;
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
pub(super) fn summary(order: &Order) -> Option<Summary> {
    let created_at = order.created_at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok()?;
    Some(Summary { order: common(order), created_at })
}

/// The answer to whoever placed the order, the first time and again.
fn full(app: &App, order: &Order) -> Result<Response, Refusal> {
    let text = codes::open(&app.services, &order.codes)?;
    let codes = text.split(' ').map(|code| Code { code }).collect();
    let data = View { order: common(order), codes, state: order.status.as_str() };
    Ok(envelope::success(StatusCode::CREATED, "Order created", data))
}

fn common(order: &Order) -> Common {
    Common {
        id: order.id,
        order_no: format!("ORD-{:04}-{:06}", order.created_at.year(), order.id),
        status: order.status.as_str(),
        item_id: order.item_id,
        quantity: order.quantity,
    }
}
