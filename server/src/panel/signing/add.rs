//! `/panel/signing/keys/new`: a new RSA public key.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tollgate_challenge_signature::{KeyError, KeyErrorKind};

use super::{ROOT, tell};
use crate::account::SecretText;
use crate::administration::Error;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, StepUp, View, page_with};

#[derive(Template)]
#[template(path = "panel/signing/add.html")]
struct AddPage {
    view: View,
    faults: Faults,
}

struct Add {
    /// What was pasted: by mistake it may be a private key, so it is handled as one and never shown again.
    pem: SecretText,
}

impl Act for Add {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { pem: fields.secret("encoded_key") }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/signing/keys/new", show, add)
}

/// The password comes first: what is pasted does not wait for it.
async fn show(_: StepUp, who: SignedIn) -> Result<Response, Refusal> {
    form(&who, Faults::default())
}

async fn add(State(app): State<App>, Proven { who, input }: Proven<Add>) -> Result<Response, Refusal> {
    // Browsers send lines with CR LF.
    let pem = SecretText::new(input.pem.expose_secret().trim().replace("\r\n", "\n"));
    let administration = &app.services.administration;
    let pem = SecretText::new(format!("{}\n", pem.expose_secret()));
    let made = administration.register_rsa_key(&who.actor(), &who.merchant.id, who.mode, pem.expose_secret()).await;
    let fault = match made {
        Ok(_) => {
            tell(&app, &who, "An RSA public key was added.").await;
            return who.done(ROOT, Flash::good("The key was added. Signatures made with it count at once.")).await;
        }
        Err(Error::RsaKey(error)) => explain(error),
        Err(Error::Taken) => "This key is or was registered already. A key has one life: make a new pair.",
        Err(Error::TooMany) => "There are 4 keys in force. Revoke or retire one first.",
        Err(error) => return Err(error.into()),
    };
    form(&who, Faults::one("encoded_key", fault))
}

fn form(who: &SignedIn, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with(status, &AddPage { view: who.view(Section::Signing), faults })
}

fn explain(error: KeyError) -> &'static str {
    match error.kind() {
        KeyErrorKind::PrivateKey => {
            "This is a private key. It was not stored, but it has left your machine: make a new pair, and paste the \
             public key of that."
        }
        KeyErrorKind::Certificate => "This is a certificate. Paste the bare public key: openssl x509 -pubkey -noout.",
        KeyErrorKind::UnsupportedAlgorithm => "This is no RSA key.",
        KeyErrorKind::ModulusTooSmall => "The key is too short: 2048 bits at least.",
        KeyErrorKind::ModulusTooLarge => "The key is too long: 8192 bits at most.",
        KeyErrorKind::Exponent => "The exponent is out of bounds: use 65537.",
        KeyErrorKind::EvenModulus => "This is no valid RSA key: its modulus is even.",
        KeyErrorKind::SeveralBlocks => "There is more than one PEM block. Paste the public key alone.",
        KeyErrorKind::TooLong => "This is too long for a public key.",
        KeyErrorKind::UnsupportedLabel => "The PEM block is neither PUBLIC KEY nor RSA PUBLIC KEY.",
        _ => "This is no PEM text of a public key. It begins with -----BEGIN PUBLIC KEY-----.",
    }
}
