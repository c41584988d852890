//! When and from where a credential was last used, as pages show it.

use tollgate_apikey::KeyId;

use super::moment::Moment;
use crate::app::App;
use crate::auth::Refusal;

/// A use.
pub(super) struct Used {
    pub(super) at: Moment,
    pub(super) address: String,
}

/// The last use of a credential; `None` when it was never used.
pub(super) async fn last_use(app: &App, credential: KeyId) -> Result<Option<Used>, Refusal> {
    let found = app.services.usage.last_use(credential).await?;
    let address = |address: Option<String>| address.unwrap_or_else(|| "unknown address".to_owned());
    Ok(found.map(|found| Used { at: Moment(found.at), address: address(found.address) }))
}
