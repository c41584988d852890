//! `/panel/keys/new`: a new key, shown once.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use time::macros::format_description;
use time::{Date, OffsetDateTime};
use tollgate_client_address::ClientAddress;

use super::family::{self, Family};
use super::{ROOT, path_of, tell_of};
use crate::administration::{Error, NewKey};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::panel::address_list::AddressList;
use crate::panel::once::{Once, show_once};
use crate::panel::place::Word;
use crate::panel::repeat::{Done, once_for_form, sent_before};
use crate::panel::scope_choice::{ScopeBox, ScopeChoice};
use crate::panel::{Act, Faults, Fields, Pages, Proven, Right, Section, SignedIn, View, page, page_with};

#[derive(Template)]
#[template(path = "panel/keys/choose.html")]
struct ChoosePage {
    view: View,
    families: &'static [Family],
}

#[derive(Template)]
#[template(path = "panel/keys/create.html")]
struct CreatePage {
    view: View,
    faults: Faults,
    family: &'static Family,
    prefix: &'static str,
    new: Create,
    scopes: Vec<ScopeBox>,
    client: ClientAddress,
}

struct Create {
    name: String,
    scopes: ScopeChoice,
    addresses: AddressList,
    expires: String,
}

impl Act for Create {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self {
            name: fields.text("name"),
            scopes: ScopeChoice::read(fields),
            addresses: AddressList::read(fields),
            expires: fields.text("expires"),
        }
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().page("/panel/keys/new", choose).form("/panel/keys/new/{dialect}", show, create)
}

async fn choose(who: SignedIn) -> Result<Response, Refusal> {
    page(&ChoosePage { view: who.view(Section::Keys), families: &family::ALL })
}

async fn show(Word(word): Word, who: SignedIn) -> Result<Response, Refusal> {
    form(&who, named(&word)?, who.draft(), Faults::default())
}

async fn create(
    State(app): State<App>,
    Word(word): Word,
    Proven { who, input }: Proven<Create>,
) -> Result<Response, Refusal> {
    let family = named(&word)?;
    let mut faults = Faults::default();
    let scopes = input.scopes.scopes(family.keys.scopes());
    if scopes.is_none() {
        faults.add("scopes", "Tick at least one: a key without permissions opens nothing.");
    }
    let ip_list = input.addresses.list().map_err(|fault| faults.add("networks", fault)).ok();
    let expires_at = midnight(&input.expires);
    if !input.expires.is_empty() && expires_at.is_none() {
        faults.add("expires", DATE);
    }
    let (Some(scopes), Some(ip_list), true) = (scopes, ip_list, faults.is_empty()) else {
        return form(&who, family, input, faults);
    };
    let new = NewKey {
        merchant: who.merchant.id.clone(),
        user: None,
        family: family.keys,
        mode: who.mode,
        scopes,
        ip_list,
        name: input.name.clone(),
        expires_at,
    };
    let actor = who.actor();
    let issue = app.services.administration.issue_key(&actor, new);
    let issued = match once_for_form(&app, &who, issue, |issued| path_of(issued.record.id)).await {
        Ok(Done::Now(issued)) => issued,
        Ok(Done::Before(made)) => return sent_before(&who, Section::Keys, made, ("All keys", ROOT)),
        Err(Error::NotApproved) => return form(&who, family, input, Faults::one("", NOT_APPROVED)),
        Err(Error::Invalid("name")) => return form(&who, family, input, Faults::one("name", NAME)),
        Err(Error::Invalid("expiry")) => {
            return form(&who, family, input, Faults::one("expires", "Choose a day that lies ahead."));
        }
        Err(error) => return Err(error.into()),
    };
    tell_of(&app, &who, &issued.record).await;
    let name = if issued.record.name.is_empty() { String::new() } else { format!(" “{}”", issued.record.name) };
    let once = Once {
        title: "Your new key",
        notes: vec![format!("The {} key{name} works from now on, in {} mode.", family.name, who.mode)],
        beside: None,
        label: "API key",
        text: issued.text,
        again: false,
        next: path_of(issued.record.id),
    };
    show_once(&who, Section::Keys, once)
}

fn named(word: &str) -> Result<&'static Family, Refusal> {
    Family::by_word(word).ok_or_else(|| Refusal::new(Reason::NotFound))
}

fn form(who: &SignedIn, family: &'static Family, new: Create, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let form = CreatePage {
        view: who.view(Section::Keys),
        faults,
        family,
        prefix: family.prefix(who.mode),
        scopes: new.scopes.boxes(family.keys.scopes()),
        new,
        client: who.arrival.client,
    };
    page_with(status, &form)
}

/// The first second of a day, `2026-12-31`, in UTC.
fn midnight(text: &str) -> Option<OffsetDateTime> {
    let date = Date::parse(text, format_description!("[year]-[month]-[day]")).ok();
    date.filter(|date| (2000..=9000).contains(&date.year())).map(|date| date.midnight().assume_utc())
}

const DATE: &str = "Enter a date as year-month-day, such as 2027-12-31.";
pub(super) const NOT_APPROVED: &str =
    "Live keys of this API are made once your account is approved. Test mode works meanwhile. Nothing was changed.";
pub(super) const NAME: &str = "A name has 64 characters at most, on one line.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_form() {
        assert_eq!(midnight("2026-12-31").map(OffsetDateTime::unix_timestamp), Some(1_798_675_200));
        for text in ["", "2026-02-30", "31.12.2026", "2026-12-31T00:00", "+002026-12-31", "9999-01-01", "-2026-01-01"] {
            assert_eq!(midnight(text), None, "{text}");
        }
    }
}
