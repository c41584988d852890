//! `/panel/webhooks/endpoints/{endpoint}`: one endpoint, and what can be done with it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::deliveries::path_of_delivery;
use super::dialect::Dialect;
use super::{ROOT, find, path_of};
use crate::administration::Error;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::moment::Moment;
use crate::panel::place::Word;
use crate::panel::revocation::{Doomed, Revoke, ask_to_revoke};
use crate::panel::{Act, Fields, Flash, Form, Pages, Proven, Right, Section, SignedIn, View, page};
use crate::storage::EndpointOrigin;

#[derive(Template)]
#[template(path = "panel/webhooks/endpoint.html")]
struct EndpointPage {
    view: View,
    root: &'static str,
    path: String,
    url: String,
    dialect: &'static Dialect,
    registered: bool,
    bearer: bool,
    created: Moment,
    disabled: Option<Moment>,
}

/// A button without fields.
struct Press;

impl Act for Press {
    const RIGHT: Right = Right::Develop;

    fn read(_: &Fields) -> Self {
        Self
    }
}

pub(super) fn pages() -> Pages {
    Pages::default()
        .page("/panel/webhooks/endpoints/{endpoint}", show)
        .act("/panel/webhooks/endpoints/{endpoint}/test", test, ROOT)
        .act("/panel/webhooks/endpoints/{endpoint}/enable", enable, ROOT)
        .form("/panel/webhooks/endpoints/{endpoint}/remove", show_remove, remove)
}

async fn show(State(app): State<App>, id: Word, who: SignedIn) -> Result<Response, Refusal> {
    let endpoint = find(&app, &who, &id).await?;
    page(&EndpointPage {
        view: who.view(Section::Webhooks),
        root: ROOT,
        path: path_of(&endpoint.id),
        dialect: Dialect::of(endpoint.details.dialect),
        registered: endpoint.origin == EndpointOrigin::Registered,
        bearer: endpoint.details.bearer.is_some(),
        created: Moment(endpoint.created_at),
        disabled: endpoint.disabled_at.map(Moment),
        url: endpoint.details.url,
    })
}

async fn test(State(app): State<App>, id: Word, Form { who, .. }: Form<Press>) -> Result<Response, Refusal> {
    let endpoint = find(&app, &who, &id).await?;
    let administration = &app.services.administration;
    match administration.send_test_event(&who.actor(), &who.merchant.id, who.mode, &endpoint.id).await {
        Ok(message) => {
            let flash = Flash::good("A test event is on its way. Reload this page to see what becomes of it.");
            who.done(&path_of_delivery(&message, &endpoint.id), flash).await
        }
        Err(Error::NotUsable) => who.done(&path_of(&endpoint.id), Flash::bad("Enable the endpoint first.")).await,
        Err(error) => Err(error.into()),
    }
}

async fn enable(State(app): State<App>, id: Word, Form { who, .. }: Form<Press>) -> Result<Response, Refusal> {
    let endpoint = find(&app, &who, &id).await?;
    let administration = &app.services.administration;
    administration.enable_webhook_endpoint(&who.actor(), &who.merchant.id, who.mode, &endpoint.id).await?;
    let flash = Flash::good("The endpoint is active. What was stopped stays stopped.");
    who.done(&path_of(&endpoint.id), flash).await
}

async fn show_remove(State(app): State<App>, id: Word, who: SignedIn) -> Result<Response, Refusal> {
    let endpoint = find(&app, &who, &id).await?;
    let path = path_of(&endpoint.id);
    let doomed = Doomed {
        title: "Remove this endpoint?".to_owned(),
        verb: "Remove the endpoint",
        shown: endpoint.details.url,
        note: "It gets no more events, and what waits for it is not delivered. What is known of its deliveries goes too.",
        back: path.clone(),
        path: format!("{path}/remove"),
    };
    ask_to_revoke(&who, Section::Webhooks, doomed)
}

async fn remove(State(app): State<App>, id: Word, Proven { who, .. }: Proven<Revoke>) -> Result<Response, Refusal> {
    let endpoint = find(&app, &who, &id).await?;
    let administration = &app.services.administration;
    administration.remove_webhook_endpoint(&who.actor(), &who.merchant.id, who.mode, &endpoint.id).await?;
    who.done(ROOT, Flash::good("The endpoint was removed.")).await
}
