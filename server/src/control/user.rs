//! People who log in to the control panel.

use std::path::PathBuf;

use clap::Subcommand;
use serde::{Deserialize, Serialize};

use super::words::{self, PageWords, PlainText, RoleWord, SwitchWord};
use super::{Refused, Shown};
use crate::account::{Actor, EmailAddress, User};
use crate::administration::{Administration, NewUser};

/// What can be done with users.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum UserCommand {
    /// Make a user
    Create {
        /// The merchant it belongs to
        merchant: String,
        /// The address it logs in with
        email: String,
        /// What it may do in the control panel
        #[arg(long, value_enum, default_value_t = RoleWord::Owner)]
        role: RoleWord,
        /// Whether e-mail and password open Basic-authenticated routes
        #[arg(long, value_enum, default_value_t = SwitchWord::Off)]
        api_basic: SwitchWord,
        /// File with the password, 12 to 1024 bytes; `-` reads standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        #[serde(skip)]
        password_file: PathBuf,
        /// What the file held.
        #[arg(skip)]
        password: Option<PlainText>,
    },
    /// List the users of a merchant, newest first
    List {
        /// The merchant
        merchant: String,
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        page: PageWords,
    },
    /// Show one user
    Inspect {
        /// Its id
        user: String,
    },
    /// Shut a user out and end its logins
    Disable {
        /// Its id
        user: String,
    },
    /// Let a user in again
    Enable {
        /// Its id
        user: String,
    },
    /// Set the password and end the logins made with the old one
    Password {
        /// Its id
        user: String,
        /// File with the password; `-` reads standard input
        #[arg(long, value_name = "FILE", default_value = "-")]
        #[serde(skip)]
        password_file: PathBuf,
        /// What the file held.
        #[arg(skip)]
        password: Option<PlainText>,
    },
    /// Set whether e-mail and password open Basic-authenticated routes
    ApiBasic {
        /// Its id
        user: String,
        /// On or off
        #[arg(value_enum)]
        switch: SwitchWord,
    },
    /// Set what a user may do in the control panel
    Role {
        /// Its id
        user: String,
        /// The role
        #[arg(value_enum)]
        role: RoleWord,
    },
    /// Set whether a user administers the whole server in the control panel
    Administrator {
        /// Its id
        user: String,
        /// On or off
        #[arg(value_enum)]
        switch: SwitchWord,
    },
}

impl UserCommand {
    pub(super) async fn run(self, administration: &Administration) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Create { merchant, email, role, api_basic, password, .. } => {
                let new = NewUser {
                    merchant: words::merchant_id(&merchant)?,
                    email: EmailAddress::new(&email).ok_or_else(|| Refused::usage("that is no e-mail address"))?,
                    password: password.ok_or_else(|| Refused::usage("the password is missing"))?.into_secret(),
                    role: role.into(),
                    api_basic: api_basic.into(),
                };
                Ok(vec![shown(&administration.create_user(&operator, new).await?)])
            }
            Self::List { merchant, page } => {
                let users = administration.users(&words::merchant_id(&merchant)?, page.into()).await?;
                Ok(users.iter().map(shown).collect())
            }
            Self::Inspect { user } => inspect(administration, &user).await,
            Self::Disable { user } => {
                let changed = administration.disable_user(&operator, words::user_id(&user)?).await?;
                Ok(vec![Shown::changed(user, changed)])
            }
            Self::Enable { user } => {
                let changed = administration.enable_user(&operator, words::user_id(&user)?).await?;
                Ok(vec![Shown::changed(user, changed)])
            }
            Self::Password { user, password, .. } => {
                let password = password.ok_or_else(|| Refused::usage("the password is missing"))?;
                administration.set_password(&operator, words::user_id(&user)?, password.into_secret()).await?;
                inspect(administration, &user).await
            }
            Self::ApiBasic { user, switch } => {
                administration.set_api_basic(&operator, words::user_id(&user)?, switch.into()).await?;
                inspect(administration, &user).await
            }
            Self::Role { user, role } => {
                administration.set_role(&operator, words::user_id(&user)?, role.into()).await?;
                inspect(administration, &user).await
            }
            Self::Administrator { user, switch } => {
                administration.set_administrator(&operator, words::user_id(&user)?, switch.into()).await?;
                inspect(administration, &user).await
            }
        }
    }
}

async fn inspect(administration: &Administration, user: &str) -> Result<Vec<Shown>, Refused> {
    let user = administration.user(words::user_id(user)?).await?.ok_or_else(Refused::not_found)?;
    Ok(vec![shown(&user)])
}

fn shown(user: &User) -> Shown {
    Shown::default()
        .with("id", user.id.to_string())
        .with("merchant", user.merchant.as_str())
        .with("email", user.email.as_str())
        .with("role", user.role.as_str())
        .with("administrator", user.administrator)
        .with("disabled", user.disabled)
        .with("api_basic", user.api_basic)
}
