//! `/panel/signing/keys/{rsa_key}/retire` and `…/revoke`: the end of a public key, soon or now.

use axum::extract::State;
use axum::response::Response;
use tollgate_apikey::{KeyId, Overlap};

use super::{ROOT, find, is_needed, needed_page, tell};
use crate::account::RsaKey;
use crate::administration::Error;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::place::Named;
use crate::panel::revocation::{Doomed, Revoke, ask_to_revoke};
use crate::panel::rotation::{Rotate, Stale, Subject, rotation_page, stale_page};
use crate::panel::{Faults, Flash, Pages, Proven, Section, SignedIn};

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/signing/keys/{rsa_key}/retire", show_retire, retire).form(
        "/panel/signing/keys/{rsa_key}/revoke",
        show_revoke,
        revoke,
    )
}

async fn show_retire(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let key = find(&app, &who, id).await?;
    if is_needed(&app, &who, id).await? {
        return needed_page(&who);
    }
    let Rotate { choice, .. } = who.draft();
    rotation_page(&who, Section::Signing, subject(&key), choice, Overlap::ONE_DAY, Faults::default())
}

async fn retire(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, input }: Proven<Rotate>,
) -> Result<Response, Refusal> {
    let key = find(&app, &who, id).await?;
    if is_needed(&app, &who, id).await? {
        return needed_page(&who);
    }
    let overlap = match input.choice.overlap() {
        Ok(overlap) => overlap,
        Err((field, fault)) => {
            let faults = Faults::one(field, fault);
            return rotation_page(&who, Section::Signing, subject(&key), input.choice, Overlap::ONE_DAY, faults);
        }
    };
    match app.services.administration.retire_rsa_key(&who.actor(), id, overlap).await {
        Ok(_) => {
            tell(&app, &who, "An RSA public key is being retired.").await;
            who.done(ROOT, Flash::good("The key is being retired.")).await
        }
        Err(Error::NotUsable) => {
            let stale = Stale {
                title: "This key is no longer in use",
                text: "It was retired or revoked before. Nothing was changed now.".to_owned(),
                links: vec![("Back", ROOT.to_owned())],
            };
            stale_page(&who, Section::Signing, stale)
        }
        Err(error) => Err(error.into()),
    }
}

async fn show_revoke(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let key = find(&app, &who, id).await?;
    if is_needed(&app, &who, id).await? {
        return needed_page(&who);
    }
    let doomed = Doomed {
        title: "Revoke this public key?".to_owned(),
        verb: "Revoke the key",
        shown: key.fingerprint,
        note: "Signatures made with its private key are refused from the next call on. Nothing brings it back.",
        back: ROOT.to_owned(),
        path: path(id, "revoke"),
    };
    ask_to_revoke(&who, Section::Signing, doomed)
}

async fn revoke(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, .. }: Proven<Revoke>,
) -> Result<Response, Refusal> {
    find(&app, &who, id).await?;
    if is_needed(&app, &who, id).await? {
        return needed_page(&who);
    }
    let flash = if app.services.administration.revoke_rsa_key(&who.actor(), id).await? {
        tell(&app, &who, "An RSA public key was revoked.").await;
        Flash::good("The key is revoked.")
    } else {
        Flash::good("The key was revoked before.")
    };
    who.done(ROOT, flash).await
}

fn subject(key: &RsaKey) -> Subject {
    Subject {
        title: "Retire a public key".to_owned(),
        verb: "Retire the key",
        shown: key.fingerprint.clone(),
        notes: vec!["Signatures made with its private key count for as long as you choose, then no more.".to_owned()],
        seen: String::new(),
        path: path(key.id, "retire"),
        back: ROOT.to_owned(),
    }
}

fn path(id: KeyId, step: &str) -> String {
    format!("/panel/signing/keys/{id}/{step}")
}
