//! `/panel/audit` and `/panel/audit.jsonl`: who changed what.

use askama::Template;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http_body_util::channel::Channel;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use super::moment::Moment;
use super::query::query_of;
use super::{Flash, Pages, Section, SignedIn, View, answer, page};
use crate::account::{AuditEntry, User};
use crate::administration::Page;
use crate::app::App;
use crate::auth::Refusal;
use crate::clock::epoch_ms;
use crate::payments::CallKey;
use crate::storage::AuditFilter;
use crate::transport;

#[derive(Template)]
#[template(path = "panel/audit.html")]
struct AuditPage {
    view: View,
    entries: Vec<Row>,
    actors: Vec<Choice>,
    wanted: Wanted,
    /// The query of the next page.
    more: Option<String>,
    filtered: bool,
}

struct Row {
    seq: i64,
    at: Moment,
    actor: String,
    address: String,
    action: String,
    subject: String,
    details: Vec<(String, String)>,
}

/// A way to fill the list of actors.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Default)]
struct Wanted {
    action: String,
    actor: String,
    from: String,
    to: String,
}

/// Entries of one page of the list.
const PER_PAGE: u32 = 50;
/// Users offered as actors.
const MOST_ACTORS: u32 = 200;
/// Parts of an export that wait to be sent.
const EXPORT_BUFFER: usize = 2;

pub(super) fn pages() -> Pages {
    Pages::default().page("/panel/audit", show).page("/panel/audit.jsonl", export)
}

async fn show(State(app): State<App>, RawQuery(query): RawQuery, who: SignedIn) -> Result<Response, Refusal> {
    let query = transport::Form::from_query(query.as_deref().unwrap_or_default())?;
    let text = |name| query.get(name).unwrap_or_default().trim().to_owned();
    let wanted = Wanted { action: text("action"), actor: text("actor"), from: text("from"), to: text("to") };
    let before = query.get("before").and_then(|before| before.parse().ok());
    let administration = &app.services.administration;

    let filter = wanted.filter();
    let found = administration.audit_filtered(Some(&who.merchant.id), &filter, before, PER_PAGE).await?;
    let users = administration.users(&who.merchant.id, Page::first(MOST_ACTORS)).await?;
    let full = found.len() == PER_PAGE as usize;
    let more = found.last().filter(|_| full).map(|last| wanted.query(last.seq));
    let actors = users.iter().map(|user| (format!("user:{}", user.id), user.email.as_str().to_owned()));
    let others = [("operator", "Operator"), ("system", "Server")];
    let others = others.into_iter().map(|(value, label)| (value.to_owned(), label.to_owned()));
    let page_ = AuditPage {
        view: who.view(Section::Audit),
        entries: found.into_iter().map(|entry| row(entry, &users)).collect(),
        actors: actors
            .chain(others)
            .map(|(value, label)| Choice { chosen: value == wanted.actor, value, label })
            .collect(),
        filtered: filter != AuditFilter::default() || before.is_some(),
        wanted,
        more,
    };
    page(&page_)
}

/// Every entry of the merchant, oldest first, a JSON object a line.
async fn export(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let (merchant, key) = (who.merchant.id.clone(), who.user.id.to_string());
    let call = CallKey { merchant, mode: who.mode, route: "panel: export the audit log", key };
    let Some(running) = app.services.in_flight.enter(call) else {
        return who.done("/panel/audit", Flash::bad("Your last export is still running. Wait until it is done.")).await;
    };
    let mut lines = app.services.administration.export_audit(Some(who.merchant.id.clone()));
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(EXPORT_BUFFER);
    let begun = app.services.errands.begin(async move {
        // Another may begin when this one was read to its end, or is read no further.
        let _running = running;
        loop {
            match lines.next_lines().await {
                Ok(Some(part)) => {
                    if sender.send_data(part.into()).await.is_err() {
                        // Nobody reads on.
                        return;
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "an export of the audit log broke off");
                    // The reader must not take the part for the whole.
                    sender.abort(std::io::Error::other("the export broke off"));
                    return;
                }
            }
        }
    });
    begun?;
    let name = format!("attachment; filename=\"audit-{}.jsonl\"", who.merchant.id);
    let headers = [(CONTENT_TYPE, "application/jsonl".to_owned()), (CONTENT_DISPOSITION, name)];
    let mut response = (headers, Body::new(body)).into_response();
    answer::protect(response.headers_mut());
    Ok(response)
}

impl Wanted {
    fn filter(&self) -> AuditFilter {
        let end = date(&self.to).and_then(|day| day.checked_add(time::Duration::DAY));
        AuditFilter {
            action: self.action.clone(),
            actor: self.actor.clone(),
            from_ms: date(&self.from).map(epoch_ms),
            until_ms: end.map(epoch_ms),
        }
    }

    fn query(&self, before: i64) -> String {
        let (before, Self { action, actor, from, to }) = (before.to_string(), self);
        query_of(&[("action", action), ("actor", actor), ("from", from), ("to", to), ("before", &before)])
    }
}

/// The start of a day in UTC, as a date field writes it.
fn date(text: &str) -> Option<OffsetDateTime> {
    let day = Date::parse(text, format_description!("[year]-[month]-[day]")).ok()?;
    Some(day.midnight().assume_utc())
}

fn row(entry: AuditEntry, users: &[User]) -> Row {
    let email = |text: &str| {
        let known = users.iter().find(|user| text.strip_prefix("user:") == Some(&user.id.to_string()));
        known.map_or_else(|| text.to_owned(), |user| user.email.as_str().to_owned())
    };
    let detail: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&entry.detail).unwrap_or_default();
    let value = |value: serde_json::Value| match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(text) => Some(text).filter(|text| !text.is_empty()),
        other => Some(other.to_string()),
    };
    Row {
        seq: entry.seq,
        at: Moment(entry.at()),
        actor: match entry.actor.as_str() {
            "operator" => "Operator".to_owned(),
            "system" => "Server".to_owned(),
            other => email(other),
        },
        address: entry.address.unwrap_or_default(),
        action: entry.action,
        subject: entry.subject,
        details: detail.into_iter().filter_map(|(name, found)| Some((name, value(found)?))).collect(),
    }
}
