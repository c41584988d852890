//! `/panel/clients/{client}/rotate`: a new secret in the place of the others.

use axum::extract::State;
use axum::response::Response;
use time::Duration;
use tollgate_apikey::Overlap;

use super::{ROOT, find, masked, path_of, secrets};
use crate::account::{Credential, OauthClient};
use crate::administration::Error;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::once::{Once, show_once};
use crate::panel::place::Named;
use crate::panel::repeat::{Done, once_for_record};
use crate::panel::rotation::{Rotate, Stale, Subject, rotation_page, stale_page};
use crate::panel::standing::{Standing, in_words};
use crate::panel::{Faults, Pages, Proven, Section, SignedIn};

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/clients/{client}/rotate", show, rotate)
}

async fn show(State(app): State<App>, Named(id): Named, who: SignedIn) -> Result<Response, Refusal> {
    let client = find(&app, &who, id).await?;
    let Some(newest) = newest(&app, &who, &client).await? else {
        return dead(&who, &client);
    };
    let Rotate { choice, .. } = who.draft();
    rotation_page(&who, Section::Clients, subject(&client, &newest), choice, Overlap::ONE_DAY, Faults::default())
}

async fn rotate(
    State(app): State<App>,
    Named(id): Named,
    Proven { who, input }: Proven<Rotate>,
) -> Result<Response, Refusal> {
    let client = find(&app, &who, id).await?;
    let Some(newest) = newest(&app, &who, &client).await? else {
        return dead(&who, &client);
    };
    if input.seen != newest.id.as_str() {
        return stale(&who, &client);
    }
    let overlap = match input.choice.overlap() {
        Ok(overlap) => overlap,
        Err((field, fault)) => {
            let subject = subject(&client, &newest);
            let faults = Faults::one(field, fault);
            return rotation_page(&who, Section::Clients, subject, input.choice, Overlap::ONE_DAY, faults);
        }
    };
    let actor = who.actor();
    let rotation = app.services.administration.rotate_client_secret(&actor, id, overlap);
    // The newest secret has its turn once: the next rotation is of its successor.
    let issued = match once_for_record(&app, &who, newest.id.as_str(), rotation).await {
        Ok(Done::Now(issued)) => issued,
        Ok(Done::Before(_)) => return stale(&who, &client),
        Err(Error::NotUsable) => return dead(&who, &client),
        Err(error) => return Err(error.into()),
    };
    let fate = match overlap.as_seconds() {
        0 => "The secrets before it stopped working just now, and the tokens obtained with them.".to_owned(),
        seconds => {
            format!("The secrets before it work for another {} at most.", in_words(Duration::seconds(seconds.into())))
        }
    };
    let once = Once {
        title: "Your new client secret",
        notes: vec!["The client keeps its id.".to_owned(), fate],
        beside: Some(("Client id", client.public_id())),
        label: "Client secret",
        text: issued.text,
        again: false,
        next: path_of(id),
    };
    show_once(&who, Section::Clients, once)
}

/// The newest secret that can be used.
async fn newest(app: &App, who: &SignedIn, client: &OauthClient) -> Result<Option<Credential>, Refusal> {
    let mut secrets = secrets(app, client).await?.into_iter();
    Ok(secrets.find(|secret| Standing::of(&secret.lifecycle, who.arrival.now).usable))
}

fn subject(client: &OauthClient, newest: &Credential) -> Subject {
    let name = if client.name.is_empty() { "a client".to_owned() } else { format!("“{}”", client.name) };
    Subject {
        title: format!("Rotate the secret of {name}"),
        verb: "Rotate",
        shown: masked(newest),
        notes: vec![
            "A new secret is made and shown once. The client keeps its id, its permissions and its addresses."
                .to_owned(),
            "Every secret before it works for as long as you choose, then it is dead for good.".to_owned(),
        ],
        seen: newest.id.as_str().to_owned(),
        path: format!("{}/rotate", path_of(client.id)),
        back: path_of(client.id),
    }
}

/// For a second tab.
fn stale(who: &SignedIn, client: &OauthClient) -> Result<Response, Refusal> {
    let stale = Stale {
        title: "This secret has been rotated already",
        text: "Somebody did it since you opened the page: in another tab, or elsewhere. Nothing more was changed now. \
               The text of the new secret was shown there, once. If nobody kept it, rotate it in its turn."
            .to_owned(),
        links: vec![("See the client", path_of(client.id)), ("All clients", ROOT.to_owned())],
    };
    stale_page(who, Section::Clients, stale)
}

fn dead(who: &SignedIn, client: &OauthClient) -> Result<Response, Refusal> {
    let stale = Stale {
        title: "This client has no secret left to rotate",
        text: "Every secret of it was revoked or ran out, and nothing brings one back. Make a new client.".to_owned(),
        links: vec![("See the client", path_of(client.id)), ("All clients", ROOT.to_owned())],
    };
    stale_page(who, Section::Clients, stale)
}
