//! What the layout shows around every page.

use tollgate_apikey::Mode;

use super::{Flash, Right, SignedIn};
use crate::account::{MerchantStatus, Role};
use crate::assets::{PANEL_ICON, PANEL_SCRIPT, PANEL_STYLE};

/// The files of every page.
pub(super) struct Look {
    pub(super) icon: &'static str,
    pub(super) style: &'static str,
    pub(super) script: &'static str,
}

/// Where a page stands in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    /// Nowhere.
    None,
    Overview,
    Keys,
    Clients,
    Webhooks,
    Signing,
    Access,
    Users,
    Audit,
    Account,
    Sessions,
    Administration,
}

/// What the layout shows.
#[expect(clippy::struct_excessive_bools, reason = "what the user may do, each asked by itself in templates")]
pub(super) struct View {
    pub(super) look: Look,
    pub(super) section: Section,
    pub(super) merchant_name: String,
    /// The merchant's id as it is spelt in the mode.
    pub(super) merchant_id: String,
    pub(super) status: &'static str,
    pub(super) live: bool,
    pub(super) email: String,
    pub(super) role: &'static str,
    pub(super) may_develop: bool,
    pub(super) may_govern: bool,
    pub(super) may_operate: bool,
    pub(super) form_token: String,
    pub(super) flash: Option<Flash>,
}

impl Default for Look {
    fn default() -> Self {
        Self { icon: PANEL_ICON.path(), style: PANEL_STYLE.path(), script: PANEL_SCRIPT.path() }
    }
}

impl View {
    pub(super) fn new(who: &SignedIn, section: Section, form_token: String, flash: Option<Flash>) -> Self {
        Self {
            look: Look::default(),
            section,
            merchant_name: who.merchant.name.clone(),
            merchant_id: who.merchant.id.in_mode(who.mode),
            status: match who.merchant.status {
                MerchantStatus::Active => "active",
                MerchantStatus::PendingKyc => "pending",
                MerchantStatus::Suspended => "suspended",
            },
            live: who.mode == Mode::Live,
            email: who.user.email.as_str().to_owned(),
            role: role_word(who.user.role),
            may_develop: who.may(Right::Develop),
            may_govern: who.may(Right::Govern),
            may_operate: who.may(Right::Operate),
            form_token,
            flash,
        }
    }

    /// The mode in lower case.
    pub(super) fn mode(&self) -> &'static str {
        if self.live { "live" } else { "test" }
    }

    /// Whether a link of the navigation is the current one.
    pub(super) fn at(&self, section: Section) -> bool {
        self.section == section
    }
}

/// A role as people read it.
pub(super) fn role_word(role: Role) -> &'static str {
    match role {
        Role::Developer => "Developer",
        Role::Owner => "Owner",
        Role::ReadOnly => "Read only",
    }
}
