//! Looking up what was seen among the records.

use time::OffsetDateTime;

use crate::app::{Options, Services};
use crate::cli::Failure;
use crate::cli::place::Located;
use crate::doctor::{self, Place, Report, SeenKind};
use crate::webhooks::TargetPolicy;

/// Adds what the records of the credentials that were seen have against them; makes no directory and no database.
pub(super) async fn look_up(located: &Located, report: &mut Report, now: OffsetDateTime) -> Result<(), Failure> {
    if located.require_database().is_err() {
        return Err(Failure::Usage(format!("{} holds no database", located.data.display())));
    }
    let options = Options { storage: located.storage()?, ..Options::system(TargetPolicy::Public)? };
    let services = Services::open(&located.data, options).await?;
    let result = judge(&services, report, now).await;
    services.close().await;
    result
}

async fn judge(services: &Services, report: &mut Report, now: OffsetDateTime) -> Result<(), Failure> {
    let storage = |error| Failure::from(crate::app::StartError::from(error));
    let keys: Vec<(Place, _)> = report
        .seen()
        .iter()
        .filter(|seen| seen.kind() != SeenKind::ClientId)
        .filter_map(|seen| Some((seen.place(), seen.id()?)))
        .collect();
    for (place, id) in keys {
        let credential = services.vault.credential(id).await.map_err(storage)?;
        let merchant = match &credential {
            Some(credential) => services.vault.merchant(&credential.merchant).await.map_err(storage)?,
            None => None,
        };
        doctor::judge(report, place, credential.as_ref(), merchant.as_ref(), now);
    }
    Ok(())
}
