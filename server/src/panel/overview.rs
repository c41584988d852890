//! `/panel`: how things stand.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use time::OffsetDateTime;
use tollgate_apikey::Status;

use super::chart::Chart;
use super::count::Count;
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
    keys: Keys,
    day: Chart,
    month: Chart,
    second_factor: bool,
}

/// The usable keys of the merchant in the mode.
#[derive(Default)]
struct Keys {
    active: usize,
    retiring: usize,
    /// Active ones of 90 days and more.
    old: usize,
    /// Whether there are more than were counted.
    capped: bool,
}

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show)
}

async fn show(State(app): State<App>, who: SignedIn) -> Result<Response, Refusal> {
    let (now, merchant) = (who.arrival.now, &who.merchant.id);
    let keys = app.services.administration.keys(merchant, who.mode, Page::first(Page::MAX)).await?;
    let hours = app.services.usage.since(merchant, who.mode, Chart::first_hour(now)).await?;
    let page_ = OverviewPage {
        status: who.merchant.status,
        keys: Keys::count(&keys, now),
        day: Chart::day(&hours, now),
        month: Chart::month(&hours, now),
        second_factor: who.user.second_factor.is_some(),
        view: who.view(Section::Overview),
    };
    page(&page_)
}

impl Keys {
    /// The age from which a key should be replaced.
    const OLD: time::Duration = time::Duration::days(90);

    fn count(keys: &[Credential], now: OffsetDateTime) -> Self {
        let mut counted = Self { capped: keys.len() == Page::MAX as usize, ..Self::default() };
        for key in keys {
            match key.lifecycle.status(now) {
                Status::Active => {
                    counted.active += 1;
                    counted.old += usize::from(now - key.lifecycle.created_at() >= Self::OLD);
                }
                Status::Retiring { .. } => counted.retiring += 1,
                _ => {}
            }
        }
        counted
    }
}
