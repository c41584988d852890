//! `/panel/webhooks…`: where events go, what signs them, and what became of them.

mod deliveries;
mod dialect;
mod endpoint;
mod import;
mod list;
mod register;
mod secrets;

use super::place::Word;
use super::{Pages, SignedIn};
use crate::app::App;
use crate::auth::{Reason, Refusal};
use crate::storage::{Endpoint, EndpointId};

const ROOT: &str = "/panel/webhooks";

pub(super) fn pages() -> Pages {
    Pages::default()
        .merge(list::pages())
        .merge(register::pages())
        .merge(endpoint::pages())
        .merge(deliveries::pages())
        .merge(secrets::pages())
        .merge(import::pages())
}

/// The page of an endpoint.
fn path_of(id: &EndpointId) -> String {
    format!("{ROOT}/endpoints/{id}")
}

/// An endpoint of the merchant and mode that are looked at.
async fn find(app: &App, who: &SignedIn, Word(id): &Word) -> Result<Endpoint, Refusal> {
    let absent = || Refusal::new(Reason::NotFound);
    let id = EndpointId::parse(id).ok_or_else(absent)?;
    let endpoint = app.services.webhooks.endpoint(&who.merchant.id, who.mode, &id).await?.ok_or_else(absent)?;
    who.mine(&endpoint.details.merchant, endpoint.details.mode)?;
    Ok(endpoint)
}
