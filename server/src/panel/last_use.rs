//! When and from where a credential was last used, as pages show it.

use std::collections::HashMap;

use tollgate_apikey::KeyId;

use super::moment::Moment;
use crate::account::Credential;
use crate::app::App;
use crate::auth::Refusal;
use crate::storage::LastUse;

/// A use.
pub(super) struct Used {
    pub(super) at: Moment,
    pub(super) address: String,
}

/// The last use of a credential; `None` when it was never used.
pub(super) async fn last_use(app: &App, credential: KeyId) -> Result<Option<Used>, Refusal> {
    Ok(app.services.usage.last_use(credential).await?.map(Used::from))
}

/// The last uses of the credentials on a page, in one statement.
pub(super) struct LastUses(HashMap<KeyId, LastUse>);

impl LastUses {
    pub(super) async fn of(app: &App, credentials: &[Credential]) -> Result<Self, Refusal> {
        let ids: Vec<_> = credentials.iter().map(|credential| credential.id).collect();
        Ok(Self(app.services.usage.last_uses(&ids).await?))
    }

    /// The last use of one of them; `None` when it was never used.
    pub(super) fn take(&mut self, credential: KeyId) -> Option<Used> {
        self.0.remove(&credential).map(Used::from)
    }
}

impl From<LastUse> for Used {
    fn from(last: LastUse) -> Self {
        Self { at: Moment(last.at), address: last.address.unwrap_or_else(|| "unknown address".to_owned()) }
    }
}
