//! `/panel/clients/{client}/revoke` and `/panel/clients/secrets/{client_secret}/revoke`: the end of a client, or of one secret.

use axum::extract::State;
use axum::response::Response;
use tollgate_apikey::KeyId;

use super::{find, masked, path_of, secrets};
use crate::account::{Credential, OauthClient};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::panel::place::Named;
use crate::panel::revocation::{Doomed, Revoke, ask_to_revoke};
use crate::panel::{Flash, Pages, Proven, Section, SignedIn};

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/clients/{client}/revoke", show_client, revoke_client).form(
        "/panel/clients/secrets/{client_secret}/revoke",
        show_secret,
        revoke_secret,
    )
}

async fn show_client(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let client = find(&app, &who, id).await?;
    let name = if client.name.is_empty() { "this client".to_owned() } else { format!("“{}”", client.name) };
    let doomed = Doomed {
        title: format!("Revoke {name}?"),
        verb: "Revoke the client",
        shown: client.public_id(),
        note: "Every secret of it dies, and every token obtained with one. Nothing brings it back.",
        back: path_of(id),
        path: format!("{}/revoke", path_of(id)),
    };
    ask_to_revoke(&who, Section::Clients, doomed)
}

async fn revoke_client(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, .. }: Proven<Revoke>,
) -> Result<Response, Refusal> {
    find(&app, &who, id).await?;
    let flash = if app.services.administration.revoke_client(&who.actor(), id).await? {
        Flash::good("The client is revoked, with all its secrets and tokens.")
    } else {
        Flash::good("The client was revoked before.")
    };
    who.done(&path_of(id), flash).await
}

async fn show_secret(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let (client, secret) = find_secret(&app, &who, id).await?;
    let doomed = Doomed {
        title: "Revoke this client secret?".to_owned(),
        verb: "Revoke the secret",
        shown: masked(&secret),
        note: "Whatever still uses it fails from the next call on, and the tokens obtained with it die. A client whose last secret is revoked is dead: nothing brings it back.",
        back: path_of(client.id),
        path: path_of_secret(id),
    };
    ask_to_revoke(&who, Section::Clients, doomed)
}

async fn revoke_secret(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, .. }: Proven<Revoke>,
) -> Result<Response, Refusal> {
    let (client, _) = find_secret(&app, &who, id).await?;
    let flash = if app.services.administration.revoke_client_secret(&who.actor(), id).await? {
        Flash::good("The secret is revoked, and the tokens obtained with it.")
    } else {
        Flash::good("The secret was revoked before.")
    };
    who.done(&path_of(client.id), flash).await
}

fn path_of_secret(id: KeyId) -> String {
    format!("/panel/clients/secrets/{id}/revoke")
}

/// A secret of a client of the merchant and mode that are looked at.
pub(super) async fn find_secret(app: &App, who: &SignedIn, id: KeyId) -> Result<(OauthClient, Credential), Refusal> {
    let absent = || Refusal::new(Reason::NotFound);
    let known = app.services.records.credential(id).await?.ok_or_else(absent)?;
    let client = find(app, who, known.client.ok_or_else(absent)?).await?;
    let secret = secrets(app, &client).await?.into_iter().find(|secret| secret.id == id).ok_or_else(absent)?;
    Ok((client, secret))
}
