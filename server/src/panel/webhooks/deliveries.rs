//! `/panel/webhooks/deliveries`: what became of every delivery, newest first, and of each attempt.

use std::collections::HashMap;

use askama::Template;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use http::request::Parts;

use super::dialect::Dialect;
use super::find;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::panel::moment::Moment;
use crate::panel::place::Word;
use crate::panel::{Pages, Section, SignedIn, View, page};
use crate::storage::{
    Attempt, AttemptError, AttemptOutcome, Delivery, DeliveryCursor, DeliveryState, EndpointId, MessageId,
};
use crate::transport::Form;

#[derive(Template)]
#[template(path = "panel/webhooks/deliveries.html")]
struct DeliveriesPage {
    view: View,
    deliveries: Vec<DeliveryRow>,
    /// Whether it is the beginning of the list.
    first: bool,
    /// The place behind which the list goes on.
    more: Option<String>,
}

#[derive(Template)]
#[template(path = "panel/webhooks/delivery.html")]
struct DeliveryPage {
    view: View,
    message: String,
    endpoint: String,
    url: String,
    attempts: Vec<AttemptRow>,
}

/// A delivery in a list.
pub(super) struct DeliveryRow {
    pub(super) message: String,
    pub(super) dialect: &'static str,
    /// Empty when the endpoint is no longer known.
    pub(super) url: String,
    pub(super) word: &'static str,
    pub(super) tone: &'static str,
    pub(super) attempts: u32,
    pub(super) due: Option<Moment>,
    pub(super) created: Moment,
    pub(super) path: String,
}

/// An attempt, as far as the merchant may know of it.
struct AttemptRow {
    number: u32,
    made: Moment,
    word: String,
    tone: &'static str,
    /// In milliseconds; empty where it would tell about our network.
    took: String,
}

/// A place in the list of deliveries, as an address names it.
struct After(Option<DeliveryCursor>);

/// The message and the endpoint that a path names.
struct Which(MessageId, EndpointId);

/// Deliveries that the first page of webhooks shows.
pub(super) const LATEST: u32 = 10;
/// Deliveries of a page of their own.
const LIMIT: u32 = 50;

pub(super) fn pages() -> Pages {
    Pages::default()
        .page("/panel/webhooks/deliveries", list)
        .page("/panel/webhooks/deliveries/{message}/{endpoint}", show)
}

/// The page of a delivery.
pub(super) fn path_of_delivery(message: &MessageId, endpoint: &EndpointId) -> String {
    format!("/panel/webhooks/deliveries/{}/{endpoint}", message.as_str())
}

/// Deliveries with the addresses they go to.
pub(super) async fn rows(app: &App, who: &SignedIn, found: Vec<Delivery>) -> Result<Vec<DeliveryRow>, Refusal> {
    let mut urls: HashMap<String, String> = HashMap::new();
    let mut rows = Vec::with_capacity(found.len());
    for delivery in found {
        let id = delivery.endpoint.as_str();
        if !urls.contains_key(id) {
            let endpoint = app.services.webhooks.endpoint(&who.merchant.id, who.mode, &delivery.endpoint).await?;
            urls.insert(id.to_owned(), endpoint.map(|endpoint| endpoint.details.url).unwrap_or_default());
        }
        let (word, tone) = words(delivery.state);
        rows.push(DeliveryRow {
            message: delivery.message_id.as_str().to_owned(),
            dialect: Dialect::of(delivery.format.dialect()).name,
            url: urls.get(id).cloned().unwrap_or_default(),
            word,
            tone,
            attempts: delivery.attempts,
            due: delivery.due_at.map(Moment),
            created: Moment(delivery.created_at),
            path: path_of_delivery(&delivery.message_id, &delivery.endpoint),
        });
    }
    Ok(rows)
}

async fn list(State(app): State<App>, After(after): After, who: SignedIn) -> Result<Response, Refusal> {
    let (merchant, webhooks) = (&who.merchant.id, &app.services.webhooks);
    let mut found = webhooks.deliveries(merchant, who.mode, after.as_ref(), LIMIT + 1).await?;
    let more = found.len() > LIMIT as usize;
    found.truncate(LIMIT as usize);
    let last = found.last().filter(|_| more);
    let more = last.map(|last| format!("{}.{}", last.message_id.as_str(), last.endpoint));
    let deliveries = rows(&app, &who, found).await?;
    page(&DeliveriesPage { view: who.view(Section::Webhooks), deliveries, first: after.is_none(), more })
}

async fn show(State(app): State<App>, Which(message, endpoint): Which, who: SignedIn) -> Result<Response, Refusal> {
    let found = find(&app, &who, &Word(endpoint.as_str().to_owned())).await?;
    let attempts = app.services.webhooks.attempts(&who.merchant.id, who.mode, &message, &endpoint).await?;
    page(&DeliveryPage {
        view: who.view(Section::Webhooks),
        message: message.as_str().to_owned(),
        endpoint: super::path_of(&endpoint),
        url: found.details.url,
        attempts: attempts.iter().map(attempt_row).collect(),
    })
}

fn words(state: DeliveryState) -> (&'static str, &'static str) {
    match state {
        DeliveryState::Delivered => ("Delivered", "good"),
        DeliveryState::Failed => ("Failed", "bad"),
        DeliveryState::Pending => ("Waiting", "care"),
        DeliveryState::Stopped => ("Stopped", ""),
    }
}

fn attempt_row(attempt: &Attempt) -> AttemptRow {
    let (word, tone) = match attempt.outcome {
        AttemptOutcome::Answered(status @ 200..=299) => (format!("Answered {status}"), "good"),
        AttemptOutcome::Answered(status) => (format!("Answered {status}"), "bad"),
        AttemptOutcome::Failed(error) => (reason(error).to_owned(), "bad"),
    };
    let took = match attempt.outcome {
        AttemptOutcome::Failed(error) if !tells_time(error) => String::new(),
        _ => format!("{} ms", attempt.duration.whole_milliseconds()),
    };
    AttemptRow { number: attempt.number, made: Moment(attempt.made_at), word, tone, took }
}

/// What a merchant reads. Whether a name is unknown or leads into our network is one word: the difference would let
/// names inside be found out.
fn reason(error: AttemptError) -> &'static str {
    match error {
        AttemptError::AddressRefused | AttemptError::NameNotResolved => "The name leads to no public address",
        AttemptError::BodyUnsignable => "The body cannot be signed",
        AttemptError::ConnectFailed => "No connection",
        AttemptError::NoSecret => "No live secret to sign with",
        AttemptError::RecordUnreadable => "The delivery was damaged in our storage",
        AttemptError::ResponseMalformed => "The answer was not HTTP",
        AttemptError::SecretUnreadable => "The secret to sign with cannot be used",
        AttemptError::TargetRefused => "Deliveries do not go to this address",
        AttemptError::TimedOut => "No answer in time",
        AttemptError::TlsFailed => "The certificate was refused",
    }
}

/// Whether the time an attempt took may be told: not where it tells a refused address from an unknown name.
fn tells_time(error: AttemptError) -> bool {
    !matches!(error, AttemptError::AddressRefused | AttemptError::NameNotResolved)
}

impl FromRequestParts<App> for After {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Refusal> {
        let query = Form::from_query(parts.uri.query().unwrap_or_default())?;
        let Some(after) = query.iter().find(|(name, _)| *name == "after").map(|(_, value)| value) else {
            return Ok(Self(None));
        };
        let cursor = after.split_once('.').and_then(|(message_id, endpoint)| {
            Some(DeliveryCursor { message_id: MessageId::parse(message_id)?, endpoint: EndpointId::parse(endpoint)? })
        });
        cursor.map(|cursor| Self(Some(cursor))).ok_or_else(|| Refusal::new(Reason::NotFound))
    }
}

impl FromRequestParts<App> for Which {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let absent = || Refusal::new(Reason::NotFound);
        let path = Path::<(String, String)>::from_request_parts(parts, app).await;
        let Path((message, endpoint)) = path.map_err(|_| absent())?;
        let ids = MessageId::parse(&message).zip(EndpointId::parse(&endpoint));
        ids.map(|(message, endpoint)| Self(message, endpoint)).ok_or_else(absent)
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, OffsetDateTime};

    use super::*;

    #[test]
    fn an_unknown_name_and_a_refused_address_look_alike() {
        let row = |error, milliseconds| {
            let duration = Duration::milliseconds(milliseconds);
            let outcome = AttemptOutcome::Failed(error);
            let row = attempt_row(&Attempt { number: 1, made_at: OffsetDateTime::UNIX_EPOCH, duration, outcome });
            (row.word, row.tone, row.took)
        };
        let unknown = row(AttemptError::NameNotResolved, 4);
        assert_eq!(unknown, row(AttemptError::AddressRefused, 1700));
        assert_eq!(unknown.2, "");
        assert_eq!(row(AttemptError::TimedOut, 5000).2, "5000 ms");
    }
}
