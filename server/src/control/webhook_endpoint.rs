//! Webhook endpoints, and what became of their deliveries.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};
use tollgate_apikey::Mode;
use tollgate_webhook_hmac::legacy::static_bearer::StaticSecret;

use super::words::{self, ModeWord, PageWords, PlainText, WebhookDialectWord};
use super::{Refused, Shown};
use crate::account::{Actor, MerchantId};
use crate::administration::{Administration, LastAttempt};
use crate::storage::{AttemptOutcome, Endpoint, EndpointId, EndpointOrigin, WebhookDialect};

/// What can be done with webhook endpoints.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum WebhookEndpointCommand {
    /// Send the events of a dialect to a URL; one that is registered already is active again
    Register {
        /// The merchant whose events they are
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// The dialect of the events
        #[arg(long, value_enum)]
        dialect: WebhookDialectWord,
        /// Where they go: https, port 443 or 8443
        url: String,
        /// Make the static secret of an Alternative subscription and show it this once
        #[arg(long, conflicts_with = "secret_file")]
        draw_secret: bool,
        /// File with the static secret of an Alternative subscription; `-` reads standard input
        #[arg(long, value_name = "FILE")]
        #[serde(skip)]
        secret_file: Option<PathBuf>,
        /// What the file held.
        #[arg(skip)]
        secret: Option<PlainText>,
    },
    /// List the registered endpoints of a merchant and mode, oldest first
    List {
        /// The merchant
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
    },
    /// Remove a registered endpoint and everything that waits for it
    Remove {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: EndpointWords,
    },
    /// Make an endpoint active again that was disabled because it answered 410
    Enable {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: EndpointWords,
    },
    /// Send an event that says nothing but that delivery works
    Test {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        of: EndpointWords,
    },
    /// List the deliveries of a merchant and mode, newest first
    Deliveries {
        /// The merchant
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        page: PageWords,
    },
}

/// An endpoint within its merchant and mode.
#[derive(Debug, Serialize, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub struct EndpointWords {
    /// The merchant
    merchant: String,
    /// Live or test
    #[arg(long, value_enum)]
    mode: ModeWord,
    /// Its id, `whe_…`
    endpoint: String,
}

impl WebhookEndpointCommand {
    pub(super) async fn run(self, administration: &Administration) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Register { merchant, mode, dialect, url, draw_secret, secret, .. } => {
                let (merchant, dialect) = (words::merchant_id(&merchant)?, WebhookDialect::from(dialect));
                let secret = match secret {
                    Some(given) => Some(static_secret(&given)?),
                    None if draw_secret => Some(administration.draw_secret_key()?),
                    None => None,
                };
                let endpoint = administration
                    .register_webhook_endpoint(&operator, &merchant, mode.into(), dialect, &url, secret.as_ref())
                    .await?;
                let record = shown(administration, &endpoint);
                Ok(vec![match secret.filter(|_| draw_secret) {
                    Some(secret) => record.with_secret(PlainText::from(&secret)),
                    None => record,
                }])
            }
            Self::List { merchant, mode } => {
                let merchant = words::merchant_id(&merchant)?;
                let endpoints = administration.webhook_endpoints(&merchant, mode.into()).await?;
                Ok(endpoints.iter().map(|endpoint| shown(administration, endpoint)).collect())
            }
            Self::Remove { of } => {
                let (merchant, mode, id) = of.read()?;
                administration.remove_webhook_endpoint(&operator, &merchant, mode, &id).await?;
                Ok(vec![Shown::changed(id.as_str(), true)])
            }
            Self::Enable { of } => {
                let (merchant, mode, id) = of.read()?;
                let changed = administration.enable_webhook_endpoint(&operator, &merchant, mode, &id).await?;
                Ok(vec![Shown::changed(id.as_str(), changed)])
            }
            Self::Test { of } => {
                let (merchant, mode, id) = of.read()?;
                let message = administration.send_test_event(&operator, &merchant, mode, &id).await?;
                Ok(vec![Shown::default().with("endpoint", id.as_str()).with("message", message.as_str())])
            }
            Self::Deliveries { merchant, mode, page } => {
                let merchant = words::merchant_id(&merchant)?;
                let deliveries = administration.webhook_deliveries(&merchant, mode.into(), page.into()).await?;
                Ok(deliveries.iter().map(delivered).collect())
            }
        }
    }
}

impl EndpointWords {
    fn read(&self) -> Result<(MerchantId, Mode, EndpointId), Refused> {
        let id = EndpointId::parse(&self.endpoint);
        let id = id.ok_or_else(|| Refused::usage("the id of an endpoint is `whe_` and 32 hex digits"))?;
        Ok((words::merchant_id(&self.merchant)?, self.mode.into(), id))
    }
}

fn static_secret(text: &PlainText) -> Result<StaticSecret, Refused> {
    StaticSecret::parse(text.expose_secret()).map_err(|_| Refused::usage("the static secret is not acceptable"))
}

/// An endpoint without its path and query: merchants put secrets there.
fn shown(administration: &Administration, endpoint: &Endpoint) -> Shown {
    let details = &endpoint.details;
    Shown::default()
        .with("id", endpoint.id.as_str())
        .with("merchant", details.merchant.as_str())
        .with("mode", details.mode.as_str())
        .with("dialect", details.dialect.as_str())
        .with("origin", administration.webhook_origin(&details.url))
        .with("static_secret", details.bearer.is_some())
        .with("registered", endpoint.origin == EndpointOrigin::Registered)
        .with("created_at", words::shown_time(endpoint.created_at))
        .with("disabled_at", endpoint.disabled_at.map(words::shown_time))
}

fn delivered((delivery, last): &LastAttempt) -> Shown {
    let outcome = last.as_ref().map(|attempt| match attempt.outcome {
        AttemptOutcome::Answered(status) => status.to_string(),
        AttemptOutcome::Failed(error) => error.told().to_owned(),
    });
    Shown::default()
        .with("id", format!("{}/{}", delivery.message_id.as_str(), delivery.endpoint))
        .with("format", delivery.format.as_str())
        .with("state", delivery.state.as_str())
        .with("attempts", delivery.attempts)
        .with("last_outcome", outcome)
        .with("due_at", delivery.due_at.map(words::shown_time))
        .with("created_at", words::shown_time(delivery.created_at))
}
