//! `/panel/webhooks/new`: a new endpoint.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::dialect::{self, Dialect};
use super::{ROOT, path_of};
use crate::account::SecretText;
use crate::administration::{Administration, Error};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::panel::once::{Once, show_once};
use crate::panel::place::Word;
use crate::panel::repeat::{Done, once_for_form, sent_before};
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, View, page, page_with};

#[derive(Template)]
#[template(path = "panel/webhooks/choose.html")]
struct ChoosePage {
    view: View,
    dialects: &'static [Dialect],
}

#[derive(Template)]
#[template(path = "panel/webhooks/register.html")]
struct RegisterPage {
    view: View,
    faults: Faults,
    dialect: &'static Dialect,
    new: Register,
}

struct Register {
    url: String,
    /// Whether deliveries shall carry a secret of the endpoint's own.
    bearer: bool,
}

impl Act for Register {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { url: fields.text("url"), bearer: fields.has("bearer") }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().page("/panel/webhooks/new", choose).form("/panel/webhooks/new/{dialect}", show, register)
}

async fn choose(who: SignedIn) -> Result<Response, Refusal> {
    page(&ChoosePage { view: who.view(Section::Webhooks), dialects: &dialect::ALL })
}

async fn show(Word(word): Word, who: SignedIn) -> Result<Response, Refusal> {
    form(&who, named(&word)?, who.draft(), Faults::default())
}

async fn register(
    State(app): State<App>,
    Word(word): Word,
    Proven { who, input }: Proven<Register>,
) -> Result<Response, Refusal> {
    let dialect = named(&word)?;
    let wanted = dialect.has_bearer() && input.bearer;
    let (administration, actor, merchant) = (&app.services.administration, who.actor(), &who.merchant.id);
    let registration = async {
        let bearer = if wanted { Some(administration.draw_secret_key()?) } else { None };
        let (webhooks, url) = (dialect.webhooks, &input.url);
        let registered =
            administration.register_webhook_endpoint(&actor, merchant, who.mode, webhooks, url, bearer.as_ref());
        Ok((registered.await?, bearer))
    };
    let (endpoint, bearer) = match once_for_form(&app, &who, registration, |(endpoint, _)| path_of(&endpoint.id)).await
    {
        Ok(Done::Now(registered)) => registered,
        Ok(Done::Before(made)) => return sent_before(&who, Section::Webhooks, made, ("All endpoints", ROOT)),
        Err(Error::TargetRefused) => return form(&who, dialect, input, Faults::one("url", TARGET)),
        Err(Error::TooMany) => {
            let fault = format!("There are {} endpoints. Remove one first.", Administration::MAX_ENDPOINTS);
            return form(&who, dialect, input, Faults::one("url", fault));
        }
        Err(error) => return Err(error.into()),
    };
    let Some(bearer) = bearer else {
        return who
            .done(&path_of(&endpoint.id), Flash::good("The endpoint is registered. Send it a test event."))
            .await;
    };
    let once = Once {
        title: "The endpoint's secret key",
        notes: vec![
            "The endpoint is registered. Every delivery to it carries “Authorization: Bearer” and this key.".to_owned(),
        ],
        beside: Some(("Endpoint", endpoint.details.url.clone())),
        label: "Secret key",
        text: SecretText::new(bearer.expose_secret().to_owned()),
        again: false,
        next: path_of(&endpoint.id),
    };
    show_once(&who, Section::Webhooks, once)
}

fn named(word: &str) -> Result<&'static Dialect, Refusal> {
    Dialect::by_word(word).ok_or_else(|| Refusal::new(Reason::NotFound))
}

fn form(who: &SignedIn, dialect: &'static Dialect, new: Register, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with(status, &RegisterPage { view: who.view(Section::Webhooks), faults, dialect, new })
}

/// One text for every reason.
const TARGET: &str = "Deliveries do not go to this address. It must be https on port 443 or 8443 of a public host name, \
                      without user name and fragment, at most 2048 bytes.";
