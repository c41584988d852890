//! `/panel/keys/{key}`: one key, its name and its address list.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tollgate_client_address::ClientAddress;

use super::create::NAME;
use super::{Family, ROOT, find, path_of};
use crate::account::Credential;
use crate::administration::Error;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::address_list::{self, AddressList};
use crate::panel::last_use::{Used, last_use};
use crate::panel::place::Named;
use crate::panel::standing::Standing;
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, View, page_with};

#[derive(Template)]
#[template(path = "panel/keys/detail.html")]
struct KeyPage {
    view: View,
    faults: Faults,
    root: &'static str,
    path: String,
    masked: String,
    id: String,
    family: &'static Family,
    user: Option<String>,
    scopes: Vec<String>,
    addresses: String,
    used: Option<Used>,
    standing: Standing,
    client: ClientAddress,
    limits: Limits,
}

/// What can be changed about a key.
struct Limits {
    name: String,
    addresses: AddressList,
}

impl Act for Limits {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { name: fields.text("name"), addresses: AddressList::read(fields) }
    }
}

/// What waited for a log-in, if it did.
struct Waiting(Option<Limits>);

impl Act for Waiting {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self(fields.has("reach").then(|| Limits::read(fields)))
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/keys/{key}", show, change)
}

async fn show(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let (key, family) = find(&app, &who, id).await?;
    let stored = || Limits { name: key.name.clone(), addresses: AddressList::stored(&key.ip_list) };
    let limits = who.draft::<Waiting>().0.unwrap_or_else(stored);
    form(&app, &who, &key, family, limits, Faults::default()).await
}

async fn change(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, input }: Proven<Limits>,
) -> Result<Response, Refusal> {
    let (key, family) = find(&app, &who, id).await?;
    let list = match input.addresses.list() {
        Ok(list) => list,
        Err(fault) => return form(&app, &who, &key, family, input, Faults::one("networks", fault)).await,
    };
    let administration = &app.services.administration;
    if input.name != key.name {
        match administration.rename_key(&who.actor(), id, &input.name).await {
            Ok(()) => {}
            Err(Error::Invalid(_)) => return form(&app, &who, &key, family, input, Faults::one("name", NAME)).await,
            Err(error) => return Err(error.into()),
        }
    }
    if list != key.ip_list {
        administration.set_key_ip_list(&who.actor(), id, list).await?;
    }
    who.done(&path_of(id), Flash::good("The key was changed. It counts from the next call on.")).await
}

async fn form(
    app: &App,
    who: &SignedIn,
    key: &Credential,
    family: &'static Family,
    limits: Limits,
    faults: Faults,
) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = KeyPage {
        view: who.view(Section::Keys),
        faults,
        root: ROOT,
        path: path_of(key.id),
        masked: family.masked(key),
        id: key.id.as_str().to_owned(),
        family,
        user: key.user.map(|user| user.to_string()),
        scopes: key.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
        addresses: address_list::in_words(&key.ip_list),
        used: last_use(app, key.id).await?,
        standing: Standing::of(&key.lifecycle, who.arrival.now),
        client: who.arrival.client,
        limits,
    };
    page_with(status, &page)
}
