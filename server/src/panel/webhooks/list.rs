//! `/panel/webhooks`: the registered endpoints, and the latest deliveries.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tollgate_apikey::Status;

use super::deliveries::{DeliveryRow, LATEST, rows};
use super::dialect::Dialect;
use super::{ROOT, path_of};
use crate::account::SecretPurpose;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::moment::Moment;
use crate::panel::{Pages, Section, SignedIn, View, page};
use crate::storage::Endpoint;

#[derive(Template)]
#[template(path = "panel/webhooks/list.html")]
struct WebhooksPage {
    view: View,
    endpoints: Vec<EndpointRow>,
    deliveries: Vec<DeliveryRow>,
    /// How many webhook secrets can be used.
    secrets: usize,
}

struct EndpointRow {
    url: String,
    dialect: &'static str,
    created: Moment,
    disabled: Option<Moment>,
    path: String,
}

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show)
}

async fn show(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let (merchant, webhooks) = (&who.merchant.id, &app.services.webhooks);
    let endpoints = webhooks.endpoints(merchant, who.mode).await?.into_iter().map(|endpoint| row(&endpoint)).collect();
    let latest = webhooks.deliveries(merchant, who.mode, None, LATEST).await?;
    let secrets = app.services.administration.secrets(merchant, who.mode, SecretPurpose::Webhook).await?;
    let usable = |status| matches!(status, Status::Active | Status::Retiring { .. });
    let secrets = secrets.iter().filter(|secret| usable(secret.lifecycle.status(who.arrival.now))).count();
    let deliveries = rows(&app, &who, latest).await?;
    page(&WebhooksPage { view: who.view(Section::Webhooks), endpoints, deliveries, secrets })
}

fn row(endpoint: &Endpoint) -> EndpointRow {
    EndpointRow {
        url: endpoint.details.url.clone(),
        dialect: Dialect::of(endpoint.details.dialect).name,
        created: Moment(endpoint.created_at),
        disabled: endpoint.disabled_at.map(Moment),
        path: path_of(&endpoint.id),
    }
}
