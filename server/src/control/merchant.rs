//! Merchants.

use clap::{Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use tollgate_apikey::Mode;

use super::words::{self, ModeWord, PageWords};
use super::{Refused, Shown};
use crate::account::{Actor, Merchant, MerchantStatus};
use crate::administration::{Administration, NewMerchant, Setting, Switch};
use crate::payments::{Currency, Money};

/// What can be done with merchants.
#[derive(Debug, Serialize, Deserialize, Subcommand)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MerchantCommand {
    /// Make a merchant; its id is drawn
    Create {
        /// Display name
        name: String,
        /// ISO 3166-1 alpha-3 code
        #[arg(long, value_name = "CODE")]
        country: String,
        /// ISO 4217 code
        #[arg(long, value_name = "CODE")]
        currency: String,
        /// Sample balance in each mode, a plain decimal
        #[arg(long, value_name = "AMOUNT", default_value = "0")]
        balance: String,
        /// Whether its live credentials work from the start
        #[arg(long, value_enum, default_value_t = StatusWord::PendingKyc)]
        status: StatusWord,
        /// Origin its payment pages may be embedded in, `https://host[:port]`; may be repeated
        #[arg(long = "domain", value_name = "ORIGIN")]
        domains: Vec<String>,
        /// Payment method code it may charge; may be repeated
        #[arg(long = "method", value_name = "CODE")]
        methods: Vec<String>,
    },
    /// List merchants, oldest first
    List {
        #[command(flatten)]
        #[expect(missing_docs, reason = "clap would take a comment for the help of the whole command")]
        page: PageWords,
    },
    /// Show one merchant with its settings
    Inspect {
        /// Its id
        merchant: String,
    },
    /// Let both modes work
    Approve {
        /// Its id
        merchant: String,
    },
    /// Refuse everything, tokens that were issued included
    Suspend {
        /// Its id
        merchant: String,
    },
    /// Set the origins its payment pages may be embedded in
    SetDomains {
        /// Its id
        merchant: String,
        /// `https://host[:port]`; none means any
        domains: Vec<String>,
    },
    /// Set the payment methods it may charge
    SetMethods {
        /// Its id
        merchant: String,
        /// Codes such as CARDS
        methods: Vec<String>,
    },
    /// Set how long its Alternative checkout tokens live
    SetCheckoutLifetime {
        /// Its id
        merchant: String,
        /// Live or test
        #[arg(long, value_enum)]
        mode: ModeWord,
        /// 60 to 3600 seconds
        #[arg(value_parser = words::seconds_argument)]
        lifetime: u32,
    },
}

/// Whether a new merchant may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum StatusWord {
    /// Both modes work.
    Active,
    /// Only test credentials work.
    PendingKyc,
}

impl MerchantCommand {
    pub(super) async fn run(self, administration: &Administration) -> Result<Vec<Shown>, Refused> {
        let operator = Actor::operator();
        match self {
            Self::Create { name, country, currency, balance, status, domains, methods } => {
                let currency = Currency::parse(&currency).ok_or_else(|| Refused::usage("there is no such currency"))?;
                let balance = Money::parse(&balance).ok_or_else(|| Refused::usage("the balance is no decimal"))?;
                let status = match status {
                    StatusWord::Active => MerchantStatus::Active,
                    StatusWord::PendingKyc => MerchantStatus::PendingKyc,
                };
                let new = NewMerchant { country, name, currency, balance, status, domains, methods };
                Ok(vec![shown(&administration.create_merchant(&operator, new).await?)])
            }
            Self::List { page } => Ok(administration.merchants(page.into()).await?.iter().map(shown).collect()),
            Self::Inspect { merchant } => inspect(administration, &merchant).await,
            Self::Approve { merchant } => set_status(administration, &merchant, MerchantStatus::Active).await,
            Self::Suspend { merchant } => set_status(administration, &merchant, MerchantStatus::Suspended).await,
            Self::SetDomains { merchant, domains } => {
                let id = words::merchant_id(&merchant)?;
                administration.set_merchant_domains(&operator, &id, domains).await?;
                inspect(administration, &merchant).await
            }
            Self::SetMethods { merchant, methods } => {
                let id = words::merchant_id(&merchant)?;
                administration.set_merchant_methods(&operator, &id, methods).await?;
                inspect(administration, &merchant).await
            }
            Self::SetCheckoutLifetime { merchant, mode, lifetime } => {
                let id = words::merchant_id(&merchant)?;
                let setting = Setting::AlternativeCheckoutLifetime(lifetime);
                administration.set_setting(&operator, &id, mode.into(), setting).await?;
                inspect(administration, &merchant).await
            }
        }
    }
}

async fn set_status(
    administration: &Administration,
    merchant: &str,
    status: MerchantStatus,
) -> Result<Vec<Shown>, Refused> {
    let id = words::merchant_id(merchant)?;
    administration.set_merchant_status(&Actor::operator(), &id, status).await?;
    inspect(administration, merchant).await
}

async fn inspect(administration: &Administration, merchant: &str) -> Result<Vec<Shown>, Refused> {
    let id = words::merchant_id(merchant)?;
    let record = administration.merchant(&id).await?.ok_or_else(Refused::not_found)?;
    let mut record = shown(&record);
    for mode in [Mode::Live, Mode::Test] {
        for setting in administration.settings(&id, mode).await? {
            record = with_setting(record, mode, setting);
        }
    }
    Ok(vec![record])
}

fn shown(merchant: &Merchant) -> Shown {
    Shown::default()
        .with("id", merchant.id.as_str())
        .with("name", merchant.name.as_str())
        .with("status", merchant.status.as_str())
        .with("currency", merchant.currency.as_str())
        .with("allow_list", super::allow_list::texts(&merchant.ip_list))
        .with("domains", merchant.domains.clone())
        .with("methods", merchant.methods.clone())
        .with("created_at", words::shown_time(merchant.created_at))
}

fn with_setting(record: Shown, mode: Mode, setting: Setting) -> Shown {
    match (setting, mode) {
        (Setting::AlternativeCheckoutLifetime(seconds), Mode::Live) => record.with("checkout_lifetime_live", seconds),
        (Setting::AlternativeCheckoutLifetime(seconds), Mode::Test) => record.with("checkout_lifetime_test", seconds),
        (Setting::RequestSigningRequired(switch), Mode::Live) => {
            record.with("request_signing_required_live", switch == Switch::On)
        }
        (Setting::RequestSigningRequired(switch), Mode::Test) => {
            record.with("request_signing_required_test", switch == Switch::On)
        }
    }
}
