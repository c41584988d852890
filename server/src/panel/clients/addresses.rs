//! `/panel/clients/secrets/{client_secret}/addresses`: where a secret may be used from.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tollgate_client_address::ClientAddress;

use super::revoke::find_secret;
use super::{masked, path_of};
use crate::account::{Credential, OauthClient};
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::address_list::AddressList;
use crate::panel::place::Named;
use crate::panel::standing::Standing;
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, View, page_with};

#[derive(Template)]
#[template(path = "panel/clients/addresses.html")]
struct AddressesPage {
    view: View,
    faults: Faults,
    /// The page of the client.
    back: String,
    path: String,
    shown: String,
    /// A dead secret keeps its list, which counts for nothing.
    usable: bool,
    addresses: AddressList,
    client: ClientAddress,
}

struct Addresses(AddressList);

impl Act for Addresses {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self(AddressList::read(fields))
    }
}

/// What waited for a log-in, if it did.
struct Waiting(Option<AddressList>);

impl Act for Waiting {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self(fields.has("reach").then(|| AddressList::read(fields)))
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/clients/secrets/{client_secret}/addresses", show, change)
}

async fn show(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let (client, secret) = find_secret(&app, &who, id).await?;
    let addresses = who.draft::<Waiting>().0.unwrap_or_else(|| AddressList::stored(&secret.ip_list));
    form(&who, &client, &secret, addresses, Faults::default())
}

async fn change(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, input: Addresses(addresses) }: Proven<Addresses>,
) -> Result<Response, Refusal> {
    let (client, secret) = find_secret(&app, &who, id).await?;
    let list = match addresses.list() {
        Ok(list) => list,
        Err(fault) => return form(&who, &client, &secret, addresses, Faults::one("networks", fault)),
    };
    if list != secret.ip_list {
        app.services.administration.set_key_ip_list(&who.actor(), id, list).await?;
    }
    let flash = Flash::good("The addresses of the secret were changed. They count from the next call on.");
    who.done(&path_of(client.id), flash).await
}

fn form(
    who: &SignedIn,
    client: &OauthClient,
    secret: &Credential,
    addresses: AddressList,
    faults: Faults,
) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let form = AddressesPage {
        view: who.view(Section::Clients),
        faults,
        back: path_of(client.id),
        path: format!("/panel/clients/secrets/{}/addresses", secret.id),
        shown: masked(secret),
        usable: Standing::of(&secret.lifecycle, who.arrival.now).usable,
        addresses,
        client: who.arrival.client,
    };
    page_with(status, &form)
}
