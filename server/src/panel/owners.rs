//! The owners of a merchant hear of what may be an attack.

use super::SignedIn;
use crate::account::Role;
use crate::administration::Page;
use crate::app::App;
use crate::mail::Notice;

/// The most users of a merchant that are looked at.
const MOST: u32 = 200;

/// Writes to every owner who can log in. The change is made already: that nobody could be found to write to is for the
/// log.
pub(super) async fn tell_owners(app: &App, who: &SignedIn, notice: &Notice) {
    let users = match app.services.administration.users(&who.merchant.id, Page::first(MOST)).await {
        Ok(users) => users,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "the owners could not be told");
            return;
        }
    };
    for owner in users.iter().filter(|user| user.role == Role::Owner && !user.disabled) {
        app.services.mailer.send(&owner.email, notice).await;
    }
}
