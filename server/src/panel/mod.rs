//! `/panel/…`: the control panel, HTML pages for people.
//!
//! # How to add a page
//!
//! 1. A file `panel/<noun>.rs` with `pub(super) fn pages() -> Pages`, merged in `routes`; its templates stand in
//!    `templates/panel/`, extend `panel/layout.html` and have a field `view: View`, made by `SignedIn::view`. Styles are in
//!    `assets/panel.css`: first look for a class that is there; no template has a `style` attribute or a script of its own.
//! 2. `Pages::page` takes a path and its GET handler. `Pages::form` takes a path, the GET handler that shows the form
//!    and the POST handler that takes it: **a form is sent to the path of its own page**, so that it can be shown again,
//!    filled, after a log-in. `Pages::act` takes a POST handler without a page of its own (a button) and where a GET of
//!    that path leads.
//! 3. A GET handler takes `SignedIn` and answers `page`; that of a dangerous form takes `_: StepUp` before it. A POST handler takes
//!    `Form<T>` or, for what is dangerous, `Proven<T>` as its last argument; there is no other way to read a body.
//!    `T` implements `Act`: who may do it (`Right`) and how its fields are read. Reading never fails; what is wrong is
//!    said beside the fields with `Faults` and status 422, everything typed shown again but secrets.
//! 4. What goes well answers `SignedIn::done`, a 303 with a sentence for the next page. Only what is shown once (a new
//!    secret) is answered to the POST directly, by `page`.
//! 5. Every id of a path or form is looked up, then handed to `SignedIn::mine` (merchant and mode) before anything is
//!    said about it; everything else is the one 404.
//! 6. Templates hide what the role may not do: `{% if view.may_develop %}`. The POST refuses it all the same.
//! 7. In a form: `{% call m::token(view) %}{% endcall %}` first; then `m::text`, `m::password`, `m::fault` (see
//!    `templates/panel/macros.html`). Field names that hold `password`, `secret`, `otp` or `code` are never kept in drafts.
//! 8. Add the paths to the table in `tests/it/panel/routes.rs`: it tries each without a session, with a role too low, with
//!    forged forms and with foreign ids.

mod access;
mod account;
mod address_list;
mod admin;
mod agent;
mod answer;
mod audit;
mod chart;
mod clients;
mod cookie;
mod count;
mod draft;
mod faults;
mod fields;
mod flash;
mod forgotten;
mod form;
mod keys;
mod last_use;
mod log_in;
mod moment;
mod once;
mod origin;
mod other_mode;
mod overlap_choice;
mod overview;
mod owners;
mod pages;
mod place;
mod query;
mod refused;
mod repeat;
mod revocation;
mod right;
mod rotation;
mod scope_choice;
mod second_factor;
mod sessions;
mod signed_in;
mod signing;
mod standing;
mod step_up;
mod sure;
mod to_the_end;
mod users;
mod view;
mod visitor;
mod webhooks;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};

use crate::app::App;
use crate::assets::{self, PANEL_ICON, PANEL_SCRIPT, PANEL_STYLE};

pub(crate) use refused::render;

use answer::{page, page_with, see_other};
use faults::Faults;
use fields::Fields;
use flash::Flash;
use form::{Act, Form, Proven};
use pages::Pages;
use right::Right;
use signed_in::SignedIn;
use step_up::StepUp;
use view::{Section, View};

/// The path of the panel; everything under it belongs to it.
const ROOT: &str = "/panel";

/// Every page.
#[must_use]
pub fn routes() -> Pages {
    [
        access::pages,
        account::pages,
        admin::pages,
        audit::pages,
        clients::pages,
        forgotten::pages,
        keys::pages,
        log_in::pages,
        overview::pages,
        second_factor::pages,
        sessions::pages,
        signing::pages,
        step_up::pages,
        users::pages,
        webhooks::pages,
    ]
    .into_iter()
    .fold(Pages::default(), |all, pages| all.merge(pages()))
}

/// What serves the pages, and the files they load.
pub(crate) fn router(app: &App) -> Router<App> {
    let pages = routes().into_router().layer(from_fn_with_state(app.clone(), to_the_end::to_the_end));
    let pages = pages.layer(map_response(answer::settle));
    pages.merge(assets::routes(&[&PANEL_ICON, &PANEL_STYLE, &PANEL_SCRIPT]))
}

/// Whether a raw path belongs to the panel.
pub(crate) fn owns(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
