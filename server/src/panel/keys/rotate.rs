//! `/panel/keys/{key}/rotate`: a new key in the place of another.

use axum::extract::State;
use axum::response::Response;
use tollgate_apikey::{KeyId, Status};

use super::create::NOT_APPROVED;
use super::{Family, ROOT, find, path_of, tell_of};
use crate::account::Credential;
use crate::administration::{Error, Page};
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::once::{Once, show_once};
use crate::panel::place::Named;
use crate::panel::repeat::{Done, once_for_record};
use crate::panel::rotation::{Rotate, Stale, Subject, rotation_page, stale_page};
use crate::panel::{Faults, Pages, Proven, Section, SignedIn};

/// How far back the audit log is searched for the successor of a key, in entries.
const LOOK_BACK: u32 = 200;

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/keys/{key}/rotate", show, rotate)
}

async fn show(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let (key, family) = find(&app, &who, id).await?;
    if key.lifecycle.status(who.arrival.now) != Status::Active {
        return stale(&app, &who, &key).await;
    }
    let Rotate { choice, .. } = who.draft();
    rotation_page(&who, Section::Keys, subject(&key, family), choice, family.overlap, Faults::default())
}

async fn rotate(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, input }: Proven<Rotate>,
) -> Result<Response, Refusal> {
    let (key, family) = find(&app, &who, id).await?;
    if key.lifecycle.status(who.arrival.now) != Status::Active {
        return stale(&app, &who, &key).await;
    }
    let now = who.arrival.now;
    let overlap = match input.choice.overlap() {
        Ok(overlap) => overlap,
        Err((field, fault)) => {
            let faults = Faults::one(field, fault);
            return rotation_page(&who, Section::Keys, subject(&key, family), input.choice, family.overlap, faults);
        }
    };
    let (administration, actor) = (&app.services.administration, who.actor());
    let rotation = async {
        // Read again: of two tabs, the second one sees what the first one did.
        let key = administration.key(id).await?.ok_or(Error::NotFound)?;
        if key.lifecycle.status(now) != Status::Active {
            return Err(Error::NotUsable);
        }
        administration.rotate_key(&actor, id, overlap).await
    };
    let issued = match once_for_record(&app, &who, id.as_str(), rotation).await {
        Ok(Done::Now(issued)) => issued,
        Ok(Done::Before(_)) | Err(Error::NotUsable) => return stale(&app, &who, &key).await,
        Err(Error::NotApproved) => {
            let faults = Faults::one("", NOT_APPROVED);
            return rotation_page(&who, Section::Keys, subject(&key, family), input.choice, family.overlap, faults);
        }
        Err(error) => return Err(error.into()),
    };
    tell_of(&app, &who, &issued.record).await;
    let old = family.masked(&key);
    let fate = match overlap.as_seconds() {
        0 => format!("The old key {old} stopped working just now."),
        seconds => {
            let length = crate::panel::standing::in_words(time::Duration::seconds(seconds.into()));
            format!("The old key {old} works for another {length}, or until its own end if that comes sooner.")
        }
    };
    let notes =
        vec![format!("The new {} key has the name, permissions and addresses of the old one.", family.name), fate];
    let (text, next) = (issued.text, path_of(issued.record.id));
    let once = Once { title: "Your new key", notes, beside: None, label: "API key", text, again: false, next };
    show_once(&who, Section::Keys, once)
}

fn subject(key: &Credential, family: &Family) -> Subject {
    let name = if key.name.is_empty() { "a key".to_owned() } else { format!("“{}”", key.name) };
    Subject {
        title: format!("{} {name}", family.rotate),
        verb: family.rotate,
        shown: family.masked(key),
        notes: vec![
            "A new key is made and shown once. It has the name, permissions and addresses of this one.".to_owned(),
            "This key works beside it for as long as you choose, then it is dead for good. Tokens obtained with it die \
             at once if there is no overlap."
                .to_owned(),
        ],
        seen: String::new(),
        path: format!("{}/rotate", path_of(key.id)),
        back: path_of(key.id),
    }
}

/// For a second tab, and for whoever looks at a key that had its turn.
async fn stale(app: &App, who: &SignedIn, key: &Credential) -> Result<Response, Refusal> {
    let mut links = Vec::new();
    if let Some(successor) = successor(app, who, key.id).await? {
        links.push(("See the new key", path_of(successor)));
    }
    links.extend([("See this key", path_of(key.id)), ("All keys", ROOT.to_owned())]);
    let (title, text) = match key.lifecycle.status(who.arrival.now) {
        Status::Active | Status::Retiring { .. } => (
            "This key has been rotated already",
            "Somebody did it a moment ago: in another tab, or elsewhere. Nothing more was changed now. The text of the \
             new key was shown there, once. If nobody kept it, rotate the new key in its turn.",
        ),
        Status::Expired | Status::Revoked => (
            "This key is no longer in use",
            "It was rotated or revoked, or it ran out. Nothing was changed now. If a new key was made in its place, its \
             text was shown once. If nobody kept that, rotate the new key in its turn.",
        ),
    };
    stale_page(who, Section::Keys, Stale { title, text: text.to_owned(), links })
}

/// The key that was made in the place of this one, if the log still tells within reach.
async fn successor(app: &App, who: &SignedIn, id: KeyId) -> Result<Option<KeyId>, Refusal> {
    let entries = app.services.administration.audit(Some(&who.merchant.id), Page::first(LOOK_BACK)).await?;
    let told = entries.iter().find(|entry| entry.action == "key.rotated" && entry.subject == id.as_str());
    let detail = told.and_then(|entry| serde_json::from_str::<serde_json::Value>(&entry.detail).ok());
    Ok(detail.and_then(|detail| detail["successor"].as_str().and_then(|text| KeyId::parse(text).ok())))
}
