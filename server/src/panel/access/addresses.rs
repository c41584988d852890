//! `/panel/access/addresses`: the address list of the merchant.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use tollgate_client_address::ClientAddress;

use super::ROOT;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::address_list::AddressList;
use crate::panel::{Act, Faults, Fields, Flash, Pages, Proven, Right, Section, SignedIn, View, page_with};

#[derive(Template)]
#[template(path = "panel/access/addresses.html")]
struct AddressesPage {
    view: View,
    faults: Faults,
    list: AddressList,
    client: ClientAddress,
}

struct Addresses {
    list: AddressList,
    /// Whether it was read that the list leaves the viewer out.
    left_out: bool,
}

/// What waited for a log-in, if it did.
struct Waiting(Option<AddressList>);

impl Act for Addresses {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self { list: AddressList::read(fields), left_out: fields.has("left_out") }
    }
}

impl Act for Waiting {
    const RIGHT: Right = Right::Develop;

    fn read(fields: &Fields) -> Self {
        Self(fields.has("reach").then(|| AddressList::read(fields)))
    }
}

pub(super) fn pages() -> Pages {
    Pages::default().form("/panel/access/addresses", show, change)
}

async fn show(who: SignedIn) -> Result<Response, Refusal> {
    let list = who.draft::<Waiting>().0.unwrap_or_else(|| AddressList::stored(&who.merchant.ip_list));
    form(&who, list, Faults::default())
}

async fn change(State(app): State<App>, Proven { who, input }: Proven<Addresses>) -> Result<Response, Refusal> {
    let list = match input.list.list() {
        Ok(list) => list,
        Err(fault) => return form(&who, input.list, Faults::one("networks", fault)),
    };
    if !list.permits(&who.arrival.client) && !input.left_out {
        let fault = format!(
            "Your own address, {}, is not on this list. API calls from where you are now would be refused.",
            who.arrival.client
        );
        return form(&who, input.list, Faults::one("left_out", fault));
    }
    app.services.administration.set_merchant_ip_list(&who.actor(), &who.merchant.id, list).await?;
    who.done(ROOT, Flash::good("The addresses were changed. They count from the next call on.")).await
}

fn form(who: &SignedIn, list: AddressList, faults: Faults) -> Result<Response, Refusal> {
    let status = if faults.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    page_with(status, &AddressesPage { view: who.view(Section::Access), faults, list, client: who.arrival.client })
}
