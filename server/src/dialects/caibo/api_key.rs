//! `PUT /users/{userId}/apikey`: makes the user's key of a mode, in the place of the one before.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use schemars::JsonSchema;
use serde_json::json;
use tollgate_apikey::{MAX_OVERLAP_SECONDS, Mode, Overlap};
use tollgate_client_address::ClientAddress;

use super::{access, description};
use crate::account::{Actor, KeyFamily, MerchantStatus, UserId};
use crate::administration::Error;
use crate::app::App;
use crate::auth::{FieldFault, ListenerMode, Reason, Refusal};
use crate::dialects::json::Json;
use crate::dialects::wire;
use crate::limits::{Bucket, Window};
use crate::mail::Notice;
use crate::openapi::{Operation, Route};
use crate::transport::Members;

/// How often a person may make keys.
const CALLS: Bucket = Bucket::new("caibo_panel_keys", &[Window::new(30, 60)]);
/// A login older than this, in whole seconds, does not open a live key.
const STEP_UP_AGE: i64 = 300;

/// An API key, shown once.
#[derive(JsonSchema)]
#[schemars(rename = "CaiboApiKey")]
#[expect(dead_code, reason = "the schema of a secret, which is no text in our types")]
struct View(#[schemars(regex(pattern = "^caibo_(live|test)_sk_[0-9A-Za-z]{50}$"))] String);

pub(super) fn route() -> Route {
    let example = format!("caibo_test_sk_{}", "x".repeat(50));
    let overlap = json!({ "type": "integer", "minimum": 0, "maximum": MAX_OVERLAP_SECONDS });
    let operation =
        Operation::new("caiboMakeKey", "Make an API key in the place of the one before", &description::PANEL_CALL)
            .described("A live key asks for a login of at most five minutes.")
            .path("id", "The user; nobody makes keys for others.", wire::ID, "7")
            .query(
                "mode",
                "The mode of the key; the listener's unless it is said.",
                json!({ "enum": ["live", "test"] }),
                json!("test"),
            )
            .query("overlap", "Seconds for which the key before goes on working.", overlap, json!(0))
            .refuses([Reason::StepUpRequired])
            .answers::<View>(StatusCode::OK, "The key as a JSON string.", example.into());
    Route::put("/users/{id}/apikey", regenerate, operation)
}

async fn regenerate(State(app): State<App>, request: Request) -> Result<Response, Refusal> {
    let (parts, _) = request.into_parts();
    let (caller, arrival) = access::panel(&app, &parts).await?;
    let user = caller.user();
    let merchant = app.services.records.merchant(&user.merchant).await?;
    let status = merchant.map_or(MerchantStatus::Suspended, |merchant| merchant.status);
    if status == MerchantStatus::Suspended {
        return Err(Refusal::new(Reason::AccountSuspended));
    }
    if UserId::parse(access::path_id(&parts)) != Some(user.id) {
        return Err(Refusal::new(Reason::ScopeDenied));
    }
    app.services.gate.debit_user(&caller, CALLS, &arrival).await?;
    let Query { mode, overlap } = Query::parse(parts.uri.query().unwrap_or_default(), arrival.mode)?;
    let login_age = arrival.now.unix_timestamp() - caller.logged_in_at().unix_timestamp();
    if mode == Mode::Live && status != MerchantStatus::Active {
        return Err(Refusal::new(Reason::AccountNotVerified));
    }
    if mode == Mode::Live && login_age > STEP_UP_AGE {
        return Err(Refusal::new(Reason::StepUpRequired));
    }

    let scopes = access::ALL_SCOPES.clone();
    let address = match arrival.client {
        ClientAddress::Known(address) => Some(address),
        ClientAddress::Unknown => None,
    };
    let actor = Actor::user(user.id, address);
    let (administration, mailer) = (app.services.administration.clone(), app.services.mailer.clone());
    let (user, at) = (user.clone(), arrival.now);
    // Whoever took over a login and hangs up at once must not keep its owner from hearing of the key.
    let replacement = app.services.errands.begin(async move {
        let key = administration.replace_user_key(&actor, KeyFamily::CAIBO, &user, mode, scopes, overlap).await?;
        let address = address.map(|address| address.to_string());
        let notice = Notice::KeyMade { mode, key: key.record.id.to_string(), at, address };
        mailer.send(&user.email, &notice).await;
        Ok::<_, Error>(key)
    });
    let key = replacement?.await.map_err(|_| Refusal::new(Reason::Internal))??;
    Ok(([(CACHE_CONTROL, "no-store")], Json(key.text.expose_secret())).into_response())
}

struct Query {
    mode: Mode,
    overlap: Overlap,
}

impl Query {
    fn parse(query: &str, listener: ListenerMode) -> Result<Self, Refusal> {
        let (mut mode, mut overlap) = (None, None);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let invalid = |name: &'static str| Refusal::field(name, FieldFault::Invalid);
            match name {
                "mode" if mode.is_none() => mode = Some(value.parse().map_err(|_| invalid("mode"))?),
                "overlap" if overlap.is_none() => {
                    overlap = Some(parse_overlap(value).ok_or_else(|| invalid("overlap"))?);
                }
                "mode" => return Err(invalid("mode")),
                "overlap" => return Err(invalid("overlap")),
                other => return Err(Members::not_allowed(other)),
            }
        }
        let mode = mode.unwrap_or_else(|| listener.default_mode());
        if !listener.admits(mode) {
            return Err(Refusal::field("mode", FieldFault::Invalid));
        }
        Ok(Self { mode, overlap: overlap.unwrap_or(Overlap::NONE) })
    }
}

fn parse_overlap(value: &str) -> Option<Overlap> {
    let canonical = value == "0" || !value.starts_with('0');
    let digits = (1..=7).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    if canonical && digits { Overlap::new(value.parse().ok()?).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_query_strictly() {
        let table = [
            ("", true),
            ("mode=test", true),
            ("overlap=0", true),
            ("mode=test&overlap=2592000", true),
            ("mode=live", false),
            ("mode=TEST", false),
            ("mode=test&mode=test", false),
            ("overlap=2592001", false),
            ("overlap=-1", false),
            ("overlap=01", false),
            ("overlap=", false),
            ("overlap=1&overlap=1", false),
            ("verbose=1", false),
        ];
        for (query, fits) in table {
            assert_eq!(Query::parse(query, ListenerMode::Test).is_ok(), fits, "{query:?}");
        }
        let live = Query::parse("mode=live", ListenerMode::Any).unwrap();
        assert_eq!(live.mode, Mode::Live);
    }
}
