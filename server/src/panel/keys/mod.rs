//! `/panel/keys/…`: API keys of Caibo, 88Pay and CardPlusPay.

mod create;
mod detail;
mod family;
mod list;
mod revoke;
mod rotate;
pub(super) mod row;

use tollgate_apikey::KeyId;

use super::owners::tell_owners;
use super::{Pages, SignedIn};
use crate::account::Credential;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::mail::Notice;

use family::Family;

/// The list of keys.
const ROOT: &str = "/panel/keys";

pub(super) fn pages() -> Pages {
    Pages::default()
        .merge(list::pages())
        .merge(create::pages())
        .merge(detail::pages())
        .merge(rotate::pages())
        .merge(revoke::pages())
}

/// The page of a key.
fn path_of(id: KeyId) -> String {
    format!("{ROOT}/{id}")
}

/// A key of the merchant and mode that are looked at, and its dialect.
async fn find(app: &App, who: &SignedIn, id: KeyId) -> Result<(Credential, &'static Family), Refusal> {
    let absent = || Refusal::new(Reason::NotFound);
    let key = app.services.administration.key(id).await?.ok_or_else(absent)?;
    who.mine(&key.merchant, key.mode)?;
    let family = Family::of(key.kind).ok_or_else(absent)?;
    Ok((key, family))
}

/// Tells the owners of a new key.
async fn tell_of(app: &App, who: &SignedIn, key: &Credential) {
    let address = who.actor().address.map(|address| address.to_string());
    let notice = Notice::KeyMade { mode: key.mode, key: key.id.as_str().to_owned(), at: who.arrival.now, address };
    tell_owners(app, who, &notice).await;
}
