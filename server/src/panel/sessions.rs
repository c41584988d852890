//! `/panel/sessions`: where the user is logged in.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::moment::Moment;
use super::place::Word;
use super::{Act, Fields, Flash, Form, Pages, Right, Section, SignedIn, View, agent, page};
use crate::app::App;
use crate::auth::{Reason, Refusal};

#[derive(Template)]
#[template(path = "panel/sessions.html")]
struct SessionsPage {
    view: View,
    sessions: Vec<Row>,
}

struct Row {
    id: String,
    current: bool,
    browser: String,
    agent: String,
    address: String,
    began: Moment,
    seen: Moment,
}

struct End;

impl Act for End {
    const RIGHT: Right = Right::Own;

    fn read(_: &Fields) -> Self {
        Self
    }
}

const PATH: &str = "/panel/sessions";

pub(super) fn pages() -> Pages {
    Pages::default().page(PATH, show).act("/panel/sessions/others/end", end_others, PATH).act(
        "/panel/sessions/{id}/end",
        end,
        PATH,
    )
}

async fn show(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let sessions = app.services.panel_sessions.list(&who.user, who.arrival.now).await?;
    let sessions = sessions.into_iter().map(|session| Row {
        current: session.id == who.session.id,
        id: session.id,
        browser: agent::short(&session.agent),
        agent: session.agent,
        address: session.address.unwrap_or_else(|| "unknown".to_owned()),
        began: Moment(session.created_at),
        seen: Moment(session.seen_at),
    });
    page(&SessionsPage { view: who.view(Section::Sessions), sessions: sessions.collect() })
}

async fn end(State(app): State<App>, Word(id): Word, Form { who, .. }: Form<End>) -> Result<Response, Refusal> {
    if app.services.panel_sessions.end(&who.user, &id).await? {
        who.done(PATH, Flash::good("The session was ended.")).await
    } else {
        Err(Refusal::new(Reason::NotFound))
    }
}

async fn end_others(State(app): State<App>, Form { who, .. }: Form<End>) -> Result<Response, Refusal> {
    let ended = app.services.panel_sessions.end_all(&who.user, Some(&who.session)).await?;
    let text = match ended {
        0 => "There was no other session.".to_owned(),
        1 => "One other session was ended.".to_owned(),
        more => format!("{more} other sessions were ended."),
    };
    who.done(PATH, Flash::good(text)).await
}
