//! `/panel/access…`: where API calls may come from, and where payment pages may be embedded.

mod addresses;
mod domains;

use askama::Template;
use axum::response::Response;
use tollgate_client_address::{ClientAddress, Entries};

use super::{Pages, Section, SignedIn, View, page};
use crate::auth::Refusal;

#[derive(Template)]
#[template(path = "panel/access/show.html")]
struct AccessPage {
    view: View,
    /// `None` when calls may come from anywhere.
    networks: Option<Vec<String>>,
    domains: Vec<String>,
    client: ClientAddress,
}

const ROOT: &str = "/panel/access";

pub(super) fn pages() -> Pages {
    Pages::default().page(ROOT, show).merge(addresses::pages()).merge(domains::pages())
}

async fn show(who: SignedIn) -> Result<Response, Refusal> {
    let networks = match who.merchant.ip_list.entries() {
        Entries::Unrestricted => None,
        Entries::Only(networks) => Some(networks.iter().map(ToString::to_string).collect()),
    };
    page(&AccessPage {
        view: who.view(Section::Access),
        networks,
        domains: who.merchant.domains.clone(),
        client: who.arrival.client,
    })
}
