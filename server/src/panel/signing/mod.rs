//! `/panel/signing…`: RSA public keys, and whether every CardPlusPay request must be signed.

mod add;
mod end;
mod switch;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use tollgate_apikey::KeyId;
use tollgate_challenge_signature::PublicKey;

use super::owners::tell_owners;
use super::rotation::{Stale, stale_page};
use super::standing::Standing;
use super::{Pages, Section, SignedIn, View, page};
use crate::account::RsaKey;
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::mail::Notice;

#[derive(Template)]
#[template(path = "panel/signing/show.html")]
struct SigningPage {
    view: View,
    required: bool,
    /// Whether a key is in force and stays so.
    ready: bool,
    keys: Vec<Row>,
}

struct Row {
    id: String,
    fingerprint: String,
    bits: usize,
    standing: Standing,
}

const ROOT: &str = "/panel/signing";

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show).merge(add::pages()).merge(end::pages()).merge(switch::pages())
}

async fn show(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let row = |key: &RsaKey| Row {
        id: key.id.as_str().to_owned(),
        fingerprint: key.fingerprint.clone(),
        bits: PublicKey::from_spki_der(&key.spki).map_or(0, |key| key.modulus_bits()),
        standing: Standing::of(&key.lifecycle, who.arrival.now),
    };
    let keys: Vec<_> = keys(&app, &who).await?.iter().map(row).collect();
    page(&SigningPage {
        view: who.view(Section::Signing),
        required: required(&app, &who).await?,
        ready: keys.iter().any(|key| key.standing.active),
        keys,
    })
}

async fn keys(app: &App, who: &SignedIn) -> Result<Vec<RsaKey>, Refusal> {
    Ok(app.services.administration.rsa_keys(&who.merchant.id, who.mode).await?)
}

/// A key of the merchant and mode that are looked at.
async fn find(app: &App, who: &SignedIn, id: KeyId) -> Result<RsaKey, Refusal> {
    let found = keys(app, who).await?.into_iter().find(|key| key.id == id);
    found.ok_or_else(|| Refusal::new(Reason::NotFound))
}

async fn required(app: &App, who: &SignedIn) -> Result<bool, Refusal> {
    let signing = app.services.records.request_signing(&who.merchant.id, who.mode).await?;
    Ok(signing.is_some_and(|signing| signing.required))
}

/// Whether it is the last key in force of an account that must sign.
async fn is_needed(app: &App, who: &SignedIn, id: KeyId) -> Result<bool, Refusal> {
    let keys = keys(app, who).await?;
    let mut others = keys.iter().filter(|key| key.id != id);
    let replaced = others.any(|key| Standing::of(&key.lifecycle, who.arrival.now).active);
    Ok(!replaced && required(app, who).await?)
}

/// For the last key of an account that must sign.
fn needed_page(who: &SignedIn) -> Result<Response, Refusal> {
    let stale = Stale {
        title: "This key is needed",
        text: "Every request must be signed, and this is the last active key. Without it nothing could call. Add \
               another key first, or switch signing off. Nothing was changed."
            .to_owned(),
        links: vec![("Add a public key", "/panel/signing/keys/new".to_owned()), ("Back", ROOT.to_owned())],
    };
    stale_page(who, Section::Signing, stale)
}

/// Tells the owners of a change.
async fn tell(app: &App, who: &SignedIn, what: &'static str) {
    let address = who.actor().address.map(|address| address.to_string());
    let notice = Notice::SigningChanged { mode: who.mode, what, at: who.arrival.now, address };
    tell_owners(app, who, &notice).await;
}
