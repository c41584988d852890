//! `/panel`: how things stand.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use time::OffsetDateTime;
use tollgate_apikey::Status;

use super::chart::Chart;
use super::count::Count;
use super::keys::row::{Row, rows};
use super::standing::Standing;
use super::{Pages, ROOT, Section, SignedIn, View, page};
use crate::account::{Credential, MerchantStatus};
use crate::administration::Page;
use crate::app::App;
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/overview.html")]
struct OverviewPage {
    view: View,
    status: MerchantStatus,
    counted: Counted,
    /// The newest that can be used.
    keys: Vec<Row>,
    day: Chart,
    month: Chart,
    second_factor: bool,
}

/// How many keys of the merchant in the mode can be used.
#[derive(Default)]
struct Counted {
    active: usize,
    retiring: usize,
    /// Active ones of 90 days and more.
    old: usize,
    /// Whether there are more than were counted.
    capped: bool,
}

/// Keys on this page; the rest are under `/panel/keys`.
const SHOWN: usize = 5;

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show)
}

async fn show(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let (now, merchant) = (who.arrival.now, &who.merchant.id);
    let mut keys = app.services.administration.keys(merchant, who.mode, Page::first(Page::MAX)).await?;
    let counted = Counted::of(&keys, now);
    keys.retain(|key| key.lifecycle.check(now).is_ok());
    keys.truncate(SHOWN);
    let hours = app.services.usage.since(merchant, who.mode, Chart::first_hour(now)).await?;
    let page_ = OverviewPage {
        status: who.merchant.status,
        keys: rows(&app, &who, &keys).await?,
        counted,
        day: Chart::day(&hours, now),
        month: Chart::month(&hours, now),
        second_factor: who.user.second_factor.is_some(),
        view: who.view(Section::Overview),
    };
    page(&page_)
}

impl Counted {
    fn of(keys: &[Credential], now: OffsetDateTime) -> Self {
        let mut counted = Self { capped: keys.len() == Page::MAX as usize, ..Self::default() };
        for key in keys {
            match key.lifecycle.status(now) {
                Status::Active => {
                    counted.active += 1;
                    counted.old += usize::from(now - key.lifecycle.created_at() >= Standing::OLD);
                }
                Status::Retiring { .. } => counted.retiring += 1,
                _ => {}
            }
        }
        counted
    }
}
