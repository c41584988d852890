//! The owners of a merchant hear of what may be an attack.

use super::SignedIn;
use crate::app::App;
use crate::mail::Notice;

/// Writes to every owner who can log in. The change is made already: that nobody could be found to write to is for the
/// log.
pub(super) async fn tell_owners(app: &App, who: &SignedIn, notice: &Notice) {
    let owners = match app.services.administration.owners(&who.merchant.id).await {
        Ok(owners) => owners,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the owners could not be told");
            return;
        }
    };
    for owner in &owners {
        app.services.mailer.send(&owner.email, notice).await;
    }
}
