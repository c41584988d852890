//! A key as a row of a table (`panel/keys/table.html`).

use tollgate_client_address::Entries;

use super::{Family, path_of};
use crate::account::Credential;
use crate::app::App;
use crate::auth::Refusal;
use crate::panel::SignedIn;
use crate::panel::address_list;
use crate::panel::last_use::{LastUses, Used};
use crate::panel::standing::Standing;

/// What a table shows of a key.
pub(in crate::panel) struct Row {
    pub(in crate::panel) name: String,
    pub(in crate::panel) masked: String,
    pub(in crate::panel) dialect: &'static str,
    /// Each in the parts between which a line may break.
    pub(in crate::panel) scopes: Vec<Vec<String>>,
    /// Empty when it may come from anywhere.
    pub(in crate::panel) addresses: String,
    pub(in crate::panel) used: Option<Used>,
    pub(in crate::panel) standing: Standing,
    pub(in crate::panel) path: String,
    pub(in crate::panel) rotate: &'static str,
}

/// The rows of these keys, with their last uses, in their order.
pub(in crate::panel) async fn rows(app: &App, who: &SignedIn, keys: &[Credential]) -> Result<Vec<Row>, Refusal> {
    let mut uses = LastUses::of(app, keys).await?;
    Ok(keys.iter().filter_map(|key| row(key, uses.take(key.id), who)).collect())
}

fn row(key: &Credential, used: Option<Used>, who: &SignedIn) -> Option<Row> {
    let family = Family::of(key.kind)?;
    Some(Row {
        name: key.name.clone(),
        masked: family.masked(key),
        dialect: family.name,
        scopes: key
            .scopes
            .iter()
            .map(|scope| scope.as_str().split_inclusive(':').map(str::to_owned).collect())
            .collect(),
        addresses: match key.ip_list.entries() {
            Entries::Unrestricted => String::new(),
            Entries::Only(_) => address_list::in_words(&key.ip_list),
        },
        used,
        standing: Standing::of(&key.lifecycle, who.arrival.now),
        path: path_of(key.id),
        rotate: family.rotate,
    })
}
