//! `/panel/clients/…`: OAuth clients of Pledg and Alternative Payments, and their secrets.

mod addresses;
mod create;
mod detail;
mod dialect;
mod import;
mod list;
mod revoke;
mod rotate;

use tollgate_apikey::KeyId;

use super::{Pages, SignedIn};
use crate::account::{Credential, OauthClient};
use crate::app::App;
use crate::auth::{Reason, Refusal};

use dialect::Dialect;

/// The list of clients.
const ROOT: &str = "/panel/clients";

pub(super) fn pages() -> Pages {
    Pages::default()
        .merge(list::pages())
        .merge(create::pages())
        .merge(import::pages())
        .merge(detail::pages())
        .merge(rotate::pages())
        .merge(revoke::pages())
        .merge(addresses::pages())
}

/// The page of a client.
fn path_of(id: KeyId) -> String {
    format!("{ROOT}/{id}")
}

/// A client of the merchant and mode that are looked at.
async fn find(app: &App, who: &SignedIn, id: KeyId) -> Result<OauthClient, Refusal> {
    let client = app.services.administration.client(id).await?;
    let client = client.ok_or_else(|| Refusal::new(Reason::NotFound))?;
    who.mine(&client.merchant, client.mode)?;
    Ok(client)
}

/// The secrets of a client, newest first.
async fn secrets(app: &App, client: &OauthClient) -> Result<Vec<Credential>, Refusal> {
    Ok(app.services.administration.client_secrets(client.id).await?)
}

/// A secret as it may be shown: its prefix and its last four characters, which one made elsewhere has not.
fn masked(secret: &Credential) -> String {
    if secret.last_four.is_empty() {
        "made elsewhere".to_owned()
    } else {
        format!("client_secret_{}_…{}", secret.mode, secret.last_four)
    }
}
