//! `/panel/signing/on` and `/panel/signing/off`: whether every request must be signed.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tollgate_challenge_signature::Challenge;

use super::{ROOT, keys, required, tell};
use crate::administration::{Error, Switch};
use crate::app::App;
use crate::auth::{Refusal, TrialFault};
use crate::panel::moment::Moment;
use crate::panel::revocation::{Doomed, Revoke, ask_to_revoke};
use crate::panel::rotation::{Stale, stale_page};
use crate::panel::standing::Standing;
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page_with};

#[derive(Template)]
#[template(path = "panel/signing/on.html")]
struct OnPage {
    view: View,
    faults: Faults,
    challenge: String,
    until: Moment,
    signature: String,
}

/// A challenge and its answer.
struct Trial {
    challenge: String,
    signature: String,
}

impl Act for Trial {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        // A signature that was copied from a terminal may be wrapped.
        let signature = fields.raw("signature").chars().filter(|c| !c.is_ascii_whitespace());
        Self { challenge: fields.text("challenge"), signature: signature.take(MAX_SIGNATURE).collect() }
    }
}

/// More than the longest signature has.
const MAX_SIGNATURE: usize = 4096;

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/signing/on", show_on, on).form("/panel/signing/off", show_off, off)
}

/// The password comes first: the challenge lives as long as the proof.
async fn show_on(State(app): State<App>, _: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let keys = keys(&app, &who).await?;
    if !keys.iter().any(|key| Standing::of(&key.lifecycle, who.arrival.now).active) {
        return no_key(&who);
    }
    fresh(&app, &who, Faults::default())
}

async fn on(State(app): State<App>, Proven { who, input }: Proven<Trial>) -> Result<Response, Refusal> {
    let (merchant, gate) = (&who.merchant.id, &app.services.gate);
    let tried = gate.check_trial(merchant, who.mode, &input.challenge, &input.signature, &who.arrival).await?;
    let fault = match tried {
        Ok(()) => {
            let (administration, actor) = (&app.services.administration, who.actor());
            return match administration.set_request_signing(&actor, merchant, who.mode, Switch::On).await {
                Ok(()) => {
                    tell(&app, &who, "From now on every CardPlusPay request must be signed.").await;
                    let text = "The signature is right. From now on every CardPlusPay request must be signed.";
                    who.done(ROOT, Flash::good(text)).await
                }
                Err(Error::NoLiveKey) => no_key(&who),
                Err(error) => Err(error.into()),
            };
        }
        Err(TrialFault::NoKey) => return no_key(&who),
        Err(TrialFault::Challenge) => {
            let fault = "The challenge was too old or used before. Here is a new one: sign that.";
            return fresh(&app, &who, Faults::one("signature", fault));
        }
        Err(TrialFault::Encoding) => "This is not standard base64: letters, digits, + and /, with = at the end.",
        Err(TrialFault::Length) => "The signature is not as long as any of your keys. Which key made it?",
        Err(TrialFault::NoMatch) => {
            "None of your keys fits this signature. Was it made over this very text, without a line end, with SHA-256 \
             and PKCS#1 v1.5 padding?"
        }
    };
    let faults = Faults::one("signature", fault);
    let Ok(challenge) = Challenge::parse(&input.challenge) else { return fresh(&app, &who, faults) };
    let until = challenge.expires_at();
    form(&who, faults, input.challenge.clone(), Moment(until), input.signature.clone())
}

async fn show_off(_: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    let doomed = Doomed {
        title: "Switch request signing off?".to_owned(),
        verb: "Switch it off",
        shown: "Request signing".to_owned(),
        note: "An API key alone is enough again to place orders. A signature that is sent all the same is checked as \
               before. The owners of this account are told.",
        back: ROOT.to_owned(),
        path: "/panel/signing/off".to_owned(),
    };
    ask_to_revoke(&who, Section::Signing, doomed)
}

async fn off(State(app): State<App>, Proven { who, .. }: Proven<Revoke>) -> Result<Response, Refusal> {
    if !required(&app, &who).await? {
        return who.done(ROOT, Flash::good("Request signing was off before.")).await;
    }
    app.services.administration.set_request_signing(&who.actor(), &who.merchant.id, who.mode, Switch::Off).await?;
    tell(&app, &who, "CardPlusPay requests need not be signed any more.").await;
    who.done(ROOT, Flash::good("Request signing is off.")).await
}

/// The form with a new challenge.
fn fresh(app: &App, who: &SignedIn, faults: Faults) -> Result<Response, Refusal> {
    let challenge = app.services.gate.issue_trial(&who.merchant.id, who.mode, &who.arrival)?;
    form(who, faults, challenge.as_str().to_owned(), Moment(challenge.expires_at()), String::new())
}

fn form(
    who: &SignedIn,
    faults: Faults,
    challenge: String,
    until: Moment,
    signature: String,
) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with(status, &OnPage { view: who.view(Section::Signing), faults, challenge, until, signature })
}

fn no_key(who: &SignedIn) -> Result<Response, Refusal> {
    let stale = Stale {
        title: "A public key comes first",
        text:
            "There is no key to check signatures with that stays in force: one that retires is not enough. Nothing was \
               changed."
                .to_owned(),
        links: vec![("Add a public key", "/panel/signing/keys/new".to_owned()), ("Back", ROOT.to_owned())],
    };
    stale_page(who, Section::Signing, stale)
}
