//! `/panel/webhooks/secrets…`: the secrets that sign deliveries, and those that Pledg merchants sign requests with.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use time::Duration;
use tollgate_apikey::{KeyId, Overlap, Status};

use crate::account::{SealedSecret, SecretPurpose, SecretText};
use crate::administration::{Administration, Error};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::panel::once::{Once, show_once};
use crate::panel::place::{Named, Word};
use crate::panel::repeat::{Done, once_for_form, once_for_record, sent_before};
use crate::panel::revocation::{Doomed, Revoke, ask_to_revoke};
use crate::panel::rotation::{Rotate, Stale, Subject, rotation_page, stale_page};
use crate::panel::standing::{Standing, in_words};
use crate::panel::sure::{Question, ask};
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page};

#[derive(Template)]
#[template(path = "panel/webhooks/secrets.html")]
struct SecretsPage {
    view: View,
    groups: Vec<Group>,
}

/// The secrets of one purpose.
struct Group {
    purpose: &'static Purpose,
    secrets: Vec<Row>,
}

struct Row {
    id: String,
    standing: Standing,
}

/// What a secret is for, in words.
pub(super) struct Purpose {
    /// In addresses.
    pub(super) word: &'static str,
    /// On pages.
    pub(super) name: &'static str,
    pub(super) kind: SecretPurpose,
    pub(super) about: &'static str,
}

/// A button without fields.
struct Press;

impl Act for Press {
    const RIGHT: Right = Right::Develop;

    fn read(_: &Fields) -> Self {
        Self
    }
}

pub(super) const ROOT: &str = "/panel/webhooks/secrets";

static PURPOSES: [Purpose; 3] = [
    Purpose {
        word: "webhook",
        name: "Webhook secret",
        kind: SecretPurpose::Webhook,
        about: "Signs every delivery: the Standard Webhooks headers of all APIs, and the signatures of Caibo and 88Pay.",
    },
    Purpose {
        word: "pledg-notification",
        name: "Pledg notification secret",
        kind: SecretPurpose::PledgNotification,
        about: "Signs the body of Pledg notifications.",
    },
    Purpose {
        word: "pledg-request",
        name: "Pledg request secret",
        kind: SecretPurpose::PledgRequest,
        about: "Your servers sign purchase links with it.",
    },
];

impl Purpose {
    fn of(kind: SecretPurpose) -> &'static Self {
        match kind {
            SecretPurpose::Webhook => &PURPOSES[0],
            SecretPurpose::PledgNotification => &PURPOSES[1],
            SecretPurpose::PledgRequest => &PURPOSES[2],
        }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default()
        .page(ROOT, list)
        .form("/panel/webhooks/secrets/new/{purpose}", show_new, make)
        .form("/panel/webhooks/secrets/{secret}/reveal", show_reveal, reveal)
        .form("/panel/webhooks/secrets/{secret}/rotate", show_rotate, rotate)
        .form("/panel/webhooks/secrets/{secret}/revoke", show_revoke, revoke)
}

async fn list(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let mut groups = Vec::with_capacity(PURPOSES.len());
    for purpose in &PURPOSES {
        let secrets = app.services.administration.secrets(&who.merchant.id, who.mode, purpose.kind).await?;
        let row = |secret: &SealedSecret| Row {
            id: secret.id.as_str().to_owned(),
            standing: Standing::of(&secret.lifecycle, who.arrival.now),
        };
        groups.push(Group { purpose, secrets: secrets.iter().map(row).collect() });
    }
    page(&SecretsPage { view: who.view(Section::Webhooks), groups })
}

async fn show_new(Word(word): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let purpose = named(&word)?;
    who.must(Press::RIGHT)?;
    let question = Question {
        title: format!("Make another {}?", in_a_sentence(purpose)),
        text: format!("{} It works beside those that exist, {} at most.", purpose.about, Administration::MAX_SECRETS),
        button: "Make the secret",
        danger: false,
        path: format!("{ROOT}/new/{}", purpose.word),
        back: ROOT.to_owned(),
    };
    ask(&who, Section::Webhooks, question)
}

async fn make(
    State(app): State<App>,
    Word(word): Word,
    Proven { who, .. }: Proven<Press>,
) -> Result<Response, Refusal> {
    let purpose = named(&word)?;
    let actor = who.actor();
    let making = app.services.administration.issue_secret(&actor, &who.merchant.id, who.mode, purpose.kind);
    match once_for_form(&app, &who, making, |_| ROOT.to_owned()).await {
        Ok(Done::Before(_)) => sent_before(&who, Section::Webhooks, None, ("All secrets", ROOT)),
        Ok(Done::Now(issued)) => shown(&who, purpose, "Your new secret", "It is in force from now on.", issued.text),
        Err(Error::TooMany) => too_many(&who),
        Err(error) => Err(error.into()),
    }
}

async fn show_reveal(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let secret = find(&app, &who, id).await?;
    who.must(Press::RIGHT)?;
    let question = Question {
        title: format!("Show this {}?", in_a_sentence(Purpose::of(secret.purpose))),
        text: "It is shown on the next page. That you saw it is written to the audit log.".to_owned(),
        button: "Show it",
        danger: false,
        path: path(id, "reveal"),
        back: ROOT.to_owned(),
    };
    ask(&who, Section::Webhooks, question)
}

async fn reveal(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, .. }: Proven<Press>,
) -> Result<Response, Refusal> {
    let secret = find(&app, &who, id).await?;
    let text = app.services.administration.reveal_secret(&who.actor(), id).await?;
    let purpose = Purpose::of(secret.purpose);
    shown(&who, purpose, "Your secret", purpose.about, text)
}

async fn show_rotate(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let secret = find(&app, &who, id).await?;
    if secret.lifecycle.status(who.arrival.now) != Status::Active {
        return stale(&who);
    }
    let Rotate { choice, .. } = who.draft();
    rotation_page(&who, Section::Webhooks, subject(&secret), choice, Overlap::ONE_DAY, Faults::default())
}

async fn rotate(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, input }: Proven<Rotate>,
) -> Result<Response, Refusal> {
    let secret = find(&app, &who, id).await?;
    if secret.lifecycle.status(who.arrival.now) != Status::Active {
        return stale(&who);
    }
    let overlap = match input.choice.overlap() {
        Ok(overlap) => overlap,
        Err((field, fault)) => {
            let faults = Faults::one(field, fault);
            return rotation_page(&who, Section::Webhooks, subject(&secret), input.choice, Overlap::ONE_DAY, faults);
        }
    };
    let (administration, actor) = (&app.services.administration, who.actor());
    let rotation = async {
        // Read again: of two tabs, the second one sees what the first one did.
        let known = administration.secrets(&who.merchant.id, who.mode, secret.purpose).await?;
        let known = known.into_iter().find(|secret| secret.id == id).ok_or(Error::NotFound)?;
        if known.lifecycle.status(who.arrival.now) != Status::Active {
            return Err(Error::NotUsable);
        }
        administration.rotate_secret(&actor, id, overlap).await
    };
    let issued = match once_for_record(&app, &who, id.as_str(), rotation).await {
        Ok(Done::Now(issued)) => issued,
        Ok(Done::Before(_)) | Err(Error::NotUsable) => return stale(&who),
        Err(Error::TooMany) => return too_many(&who),
        Err(error) => return Err(error.into()),
    };
    let fate = match overlap.as_seconds() {
        0 => "The old one stopped counting just now.".to_owned(),
        seconds => format!("The old one counts for another {}.", in_words(Duration::seconds(seconds.into()))),
    };
    shown(&who, Purpose::of(secret.purpose), "Your new secret", &fate, issued.text)
}

async fn show_revoke(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let secret = find(&app, &who, id).await?;
    let doomed = Doomed {
        title: format!("Revoke this {}?", in_a_sentence(Purpose::of(secret.purpose))),
        verb: "Revoke the secret",
        shown: format!("Secret {id}"),
        note: "It signs and checks nothing from this moment on. Without any live secret nothing is delivered. Nothing \
               brings it back.",
        back: ROOT.to_owned(),
        path: path(id, "revoke"),
    };
    ask_to_revoke(&who, Section::Webhooks, doomed)
}

async fn revoke(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, .. }: Proven<Revoke>,
) -> Result<Response, Refusal> {
    find(&app, &who, id).await?;
    let flash = if app.services.administration.revoke_secret(&who.actor(), id).await? {
        Flash::good("The secret is revoked.")
    } else {
        Flash::good("The secret was revoked before.")
    };
    who.done(ROOT, flash).await
}

/// A secret of the merchant and mode that are looked at, of any purpose.
async fn find(app: &App, who: &SignedIn, id: KeyId) -> Result<SealedSecret, Refusal> {
    for purpose in &PURPOSES {
        let secrets = app.services.administration.secrets(&who.merchant.id, who.mode, purpose.kind).await?;
        if let Some(secret) = secrets.into_iter().find(|secret| secret.id == id) {
            return Ok(secret);
        }
    }
    Err(Refusal::new(Reason::NotFound))
}

pub(super) fn named(word: &str) -> Result<&'static Purpose, Refusal> {
    PURPOSES.iter().find(|purpose| purpose.word == word).ok_or_else(|| Refusal::new(Reason::NotFound))
}

fn in_a_sentence(purpose: &Purpose) -> &'static str {
    match purpose.kind {
        SecretPurpose::Webhook => "webhook secret",
        SecretPurpose::PledgNotification | SecretPurpose::PledgRequest => purpose.name,
    }
}

fn shown(
    who: &SignedIn,
    purpose: &'static Purpose,
    title: &'static str,
    note: &str,
    text: SecretText,
) -> Result<Response, Refusal> {
    let (notes, next) = (vec![note.to_owned()], ROOT.to_owned());
    let once = Once { title, notes, beside: None, label: purpose.name, text, again: true, next };
    show_once(who, Section::Webhooks, once)
}

fn subject(secret: &SealedSecret) -> Subject {
    Subject {
        title: format!("Rotate a {}", in_a_sentence(Purpose::of(secret.purpose))),
        verb: "Rotate",
        shown: format!("Secret {}", secret.id),
        notes: vec![
            "A new secret is made and shown. This one counts beside it for as long as you choose.".to_owned(),
            "While both are in force, every delivery carries a signature of each, so receivers can change over at any \
             moment."
                .to_owned(),
        ],
        seen: String::new(),
        path: path(secret.id, "rotate"),
        back: ROOT.to_owned(),
    }
}

fn path(id: KeyId, step: &str) -> String {
    format!("{ROOT}/{id}/{step}")
}

/// For a second tab.
fn stale(who: &SignedIn) -> Result<Response, Refusal> {
    let stale = Stale {
        title: "This secret has been rotated already",
        text:
            "Somebody did it in another tab, or elsewhere, or it was revoked or ran out. Nothing was changed now. The \
               new secret is in the list and can be shown there."
                .to_owned(),
        links: vec![("All secrets", ROOT.to_owned())],
    };
    stale_page(who, Section::Webhooks, stale)
}

pub(super) fn too_many(who: &SignedIn) -> Result<Response, Refusal> {
    let stale = Stale {
        title: "There are as many secrets as can be in force",
        text: format!(
            "{} of a kind can be in force at a time. Revoke one first. Nothing was changed.",
            Administration::MAX_SECRETS
        ),
        links: vec![("All secrets", ROOT.to_owned())],
    };
    stale_page(who, Section::Webhooks, stale)
}
