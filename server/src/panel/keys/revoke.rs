//! `/panel/keys/{key}/revoke`: the end of a key.

use axum::extract::State;
use axum::response::Response;

use super::{find, path_of};
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::place::Named;
use crate::panel::revocation::{Doomed, Revoke, ask_to_revoke};
use crate::panel::{Flash, Pages, Proven, Section, SignedIn};

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/keys/{key}/revoke", show, revoke)
}

async fn show(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let (key, family) = find(&app, &who, id).await?;
    let name = if key.name.is_empty() { "this key".to_owned() } else { format!("“{}”", key.name) };
    let doomed = Doomed {
        title: format!("Revoke {name}?"),
        verb: "Revoke the key",
        shown: family.masked(&key),
        note: "Whatever still uses it fails from the next call on. Tokens obtained with it die with it. Nothing brings it back.",
        back: path_of(id),
        path: format!("{}/revoke", path_of(id)),
    };
    ask_to_revoke(&who, Section::Keys, doomed)
}

async fn revoke(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, .. }: Proven<Revoke>,
) -> Result<Response, Refusal> {
    find(&app, &who, id).await?;
    let flash = if app.services.administration.revoke_key(&who.actor(), id).await? {
        Flash::good("The key is revoked. It opens nothing any more.")
    } else {
        Flash::good("The key was revoked before.")
    };
    who.done(&path_of(id), flash).await
}
