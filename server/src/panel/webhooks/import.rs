//! `/panel/webhooks/secrets/import/{purpose}`: a secret that was made elsewhere is taken over.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::secrets::{Purpose, ROOT, named, too_many};
use crate::account::{SecretPurpose, SecretText};
use crate::administration::{Administration, Error};
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::place::Word;
use crate::panel::repeat::{Done, once_for_form, sent_before};
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page_with};

#[derive(Template)]
#[template(path = "panel/webhooks/import.html")]
struct ImportPage {
    view: View,
    faults: Faults,
    purpose: &'static Purpose,
    path: String,
    hint: String,
}

struct Import(SecretText);

impl Act for Import {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self(fields.secret("foreign_secret"))
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/webhooks/secrets/import/{purpose}", show, import)
}

/// The password comes first: a typed secret does not wait for it.
async fn show(Word(word): Word, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    form(&who, named(&word)?, Faults::default())
}

async fn import(
    State(app): State<App>,
    Word(word): Word,
    Proven { who, input: Import(text) }: Proven<Import>,
) -> Result<Response, Refusal> {
    let purpose = named(&word)?;
    let actor = who.actor();
    let import = app.services.administration.import_secret(&actor, &who.merchant.id, who.mode, purpose.kind, text);
    let fault = match once_for_form(&app, &who, import, |_| ROOT.to_owned()).await {
        Ok(Done::Now(secret)) => {
            let flash = Flash::good(format!("The secret was taken over as {}. It is in force from now on.", secret.id));
            return who.done(ROOT, flash).await;
        }
        Ok(Done::Before(_)) => return sent_before(&who, Section::Webhooks, None, ("All secrets", ROOT)),
        Err(Error::TooMany) => return too_many(&who),
        Err(Error::Weak) => {
            format!("The secret is too short to be safe: {} bytes at least.", Administration::MIN_IMPORTED_SECRET)
        }
        Err(Error::Invalid(_)) => format!("The secret does not have the form it must have. {}", form_of(purpose)),
        Err(error) => return Err(error.into()),
    };
    form(&who, purpose, Faults::one("foreign_secret", fault))
}

fn form(who: &SignedIn, purpose: &'static Purpose, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let path = format!("{ROOT}/import/{}", purpose.word);
    page_with(status, &ImportPage { view: who.view(Section::Webhooks), faults, purpose, path, hint: form_of(purpose) })
}

/// What such a secret looks like.
fn form_of(purpose: &Purpose) -> String {
    match purpose.kind {
        SecretPurpose::Webhook => "It begins with whsec_, followed by 24 to 64 bytes in base64.".to_owned(),
        SecretPurpose::PledgNotification => {
            format!("At least {} visible ASCII characters.", Administration::MIN_IMPORTED_SECRET)
        }
        SecretPurpose::PledgRequest => format!(
            "{} to {} bytes without control characters.",
            Administration::MIN_IMPORTED_SECRET,
            Administration::MAX_IMPORTED_SECRET
        ),
    }
}
