//! The owners of a merchant hear of what may be an attack.

use super::SignedIn;
use crate::account::Role;
use crate::administration::Page;
use crate::app::App;
use crate::auth::Refusal;
use crate::mail::Notice;

/// The most users of a merchant that are looked at.
const MOST: u32 = 200;

/// Writes to every owner who can log in.
pub(super) async fn tell_owners(app: &App, who: &SignedIn, notice: &Notice) -> Result<(), Refusal> {
    let users = app.services.administration.users(&who.merchant.id, Page::first(MOST)).await?;
    for owner in users.iter().filter(|user| user.role == Role::Owner && !user.disabled) {
        app.services.mailer.send(&owner.email, notice);
    }
    Ok(())
}
