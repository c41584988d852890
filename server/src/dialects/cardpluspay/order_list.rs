//! `GET /v1/orders`: a merchant's orders, without their codes.

use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::{access, description, envelope, orders};
use crate::app::App;
use crate::auth::{FieldFault, Reason, Refusal};
use crate::openapi::{Operation, Route};
use crate::payments::{Direction, OrderKey, OrderList, OrderStatus, parse_id};

/// Orders in an answer unless the query says otherwise, and at most.
const DEFAULT_LIMIT: u32 = 10;
const MAX_LIMIT: u32 = 100;

/// Orders without their codes.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "CardPlusPayOrderList")]
struct View {
    orders: Vec<orders::Summary>,
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    per_page: u32,
    #[schemars(extend("const" = "success"))]
    state: &'static str,
}

const SCOPE: &str = "orders:read";

pub(super) fn route() -> Route {
    let order = json!({
        "id": 1, "order_no": "ORD-2026-000001", "status": "completed", "item_id": 17, "quantity": 1,
        "created_at": "2026-01-01T00:00:00Z",
    });
    let data = json!({ "orders": [order], "per_page": 10, "state": "success" });
    let operation = Operation::new("cardPlusPayListOrders", "List orders", &description::SIGNED_CALL)
        .needs(SCOPE)
        .query(
            "per_page",
            "How many at most.",
            json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT }),
            json!(10),
        )
        .query(
            "status",
            "Only those that stand so.",
            json!({ "type": "string", "enum": orders::STATUSES }),
            json!("completed"),
        )
        .query(
            "sort_by",
            "By what they are ordered.",
            json!({ "type": "string", "enum": ["created_at", "id"] }),
            json!("id"),
        )
        .query("order", "In which direction.", json!({ "type": "string", "enum": ["asc", "desc"] }), json!("desc"))
        .answers::<envelope::Envelope<'_, View>>(
            StatusCode::OK,
            "The orders.",
            json!({ "success": true, "message": "Orders retrieved", "data": data }),
        );
    Route::get("/v1/orders", list, operation)
}

async fn list(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (call, _) = access::call(&app, &parts, SCOPE).await?;
    let list = read(parts.uri.query().unwrap_or_default())?;
    let principal = call.principal();
    let found = app.services.orders.list_orders(&principal.merchant().id, principal.mode(), list).await?;
    let orders = found.iter().map(orders::summary).collect::<Option<Vec<_>>>();
    let orders = orders.ok_or_else(|| Refusal::new(Reason::Internal))?;
    let data = View { orders, per_page: list.limit, state: "success" };
    Ok(envelope::success(StatusCode::OK, "Orders retrieved", data))
}

/// The newest orders come first unless the query says otherwise; parameters of other names do not count.
fn read(query: &str) -> Result<OrderList, Refusal> {
    let limit = parameter(query, "per_page", DEFAULT_LIMIT, limit);
    let status = parameter(query, "status", None, |word| OrderStatus::from_word(word).map(Some));
    let by = parameter(query, "sort_by", OrderKey::Id, |word| match word {
        "created_at" => Some(OrderKey::CreatedAt),
        "id" => Some(OrderKey::Id),
        _ => None,
    });
    let direction = parameter(query, "order", Direction::Descending, |word| match word {
        "asc" => Some(Direction::Ascending),
        "desc" => Some(Direction::Descending),
        _ => None,
    });
    match (limit, status, by, direction) {
        (Ok(limit), Ok(status), Ok(by), Ok(direction)) => Ok(OrderList { status, limit, by, direction }),
        (limit, status, by, direction) => Err(envelope::all_of([limit.err(), status.err(), by.err(), direction.err()])),
    }
}

/// A parameter that may come once; no value that is allowed has an escape in it.
fn parameter<T>(query: &str, name: &'static str, absent: T, value: impl Fn(&str) -> Option<T>) -> Result<T, Refusal> {
    let invalid = || Refusal::field(name, FieldFault::Invalid);
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut given = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value);
    match (given.next(), given.next()) {
        (None, _) => Ok(absent),
        (Some(text), None) => value(text).ok_or_else(invalid),
        (Some(_), Some(_)) => Err(invalid()),
    }
}

fn limit(text: &str) -> Option<u32> {
    parse_id(text).and_then(|limit| u32::try_from(limit).ok()).filter(|limit| *limit <= MAX_LIMIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_query_strictly() {
        let newest = OrderList { status: None, limit: 10, by: OrderKey::Id, direction: Direction::Descending };
        let table = [
            ("", Some(newest)),
            ("page=2&x&=", Some(newest)),
            ("per_page=1", Some(OrderList { limit: 1, ..newest })),
            ("per_page=100", Some(OrderList { limit: 100, ..newest })),
            ("status=failed", Some(OrderList { status: Some(OrderStatus::Failed), ..newest })),
            ("sort_by=created_at", Some(OrderList { by: OrderKey::CreatedAt, ..newest })),
            ("sort_by=id&order=asc", Some(OrderList { direction: Direction::Ascending, ..newest })),
            ("order=desc", Some(newest)),
            ("per_page=0", None),
            ("per_page=101", None),
            ("per_page=01", None),
            ("per_page=+1", None),
            ("per_page=1.0", None),
            ("per_page=", None),
            ("per_page", None),
            ("per_page=5&per_page=5", None),
            ("status=Completed", None),
            ("status=", None),
            ("status=%70ending", None),
            ("sort_by=email", None),
            ("sort_by=id%3B", None),
            ("order=ASC", None),
            ("order=asc&order=desc", None),
        ];
        for (query, expected) in table {
            assert_eq!(read(query).ok(), expected, "{query:?}");
        }
    }
}
