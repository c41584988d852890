//! `tollgate signing-key`: show, rotate and prune the keys that sign tokens.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use super::Failure;
use super::place::Place;
use crate::clock::Clock;
use crate::keys::{
    KeyFile, KeyFileChange, KeyFileError, MIN_PUBLICATION, RotationError, RotationReason, SigningKeyLine, TokenKind,
};
use crate::rng::Rng;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show the keys: which one signs, which are to come, which only verify
    List(Chosen),
    /// Add a key that takes over later; a running server follows
    Rotate(Rotate),
    /// Remove the keys of which no token lives
    Prune(Chosen),
}

#[derive(Debug, Args)]
struct Chosen {
    #[command(flatten)]
    place: Place,
    /// Which tokens the keys sign
    #[arg(long, value_enum, default_value_t = Kind::All)]
    kind: Kind,
}

#[derive(Debug, Args)]
struct Rotate {
    #[command(flatten)]
    chosen: Chosen,
    /// When the new key signs, from now: a number and s, m, h or d [default: 24h, with --compromised 0s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    use_after: Option<Duration>,
    /// The old key may be known: refuse what it signed once the new key signs, which may be before everybody has read it
    #[arg(long)]
    compromised: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    #[value(name = "88pay")]
    EightyEightPay,
    Alternative,
    Pledg,
    Panel,
    Checkout,
    All,
}

/// The signing keys could not be shown or changed; the file is as before, but where the error says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The key file.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The rotation.
    #[error(transparent)]
    Rotation(#[from] RotationError),
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let now = Clock::system().now();
    let lines = match &arguments.action {
        Action::List(chosen) => list(chosen, &chosen.path()?, now),
        Action::Rotate(rotation) => rotate(rotation, &rotation.chosen.path()?, now),
        Action::Prune(chosen) => prune(chosen, &chosen.path()?, now),
    }?;
    let mut out = std::io::stdout().lock();
    out.write_all(table(&lines).as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}

fn list(chosen: &Chosen, path: &Path, now: OffsetDateTime) -> Result<Vec<SigningKeyLine>, SigningKeyError> {
    Ok(KeyFile::read(path)?.signing_keys(chosen.kind.kinds(), now))
}

fn rotate(rotation: &Rotate, path: &Path, now: OffsetDateTime) -> Result<Vec<SigningKeyLine>, SigningKeyError> {
    let (reason, default) = if rotation.compromised {
        (RotationReason::Compromised, Duration::ZERO)
    } else {
        (RotationReason::Routine, MIN_PUBLICATION)
    };
    let rng = Rng::system();
    let use_after = rotation.use_after.unwrap_or(default);
    let mut change = KeyFileChange::begin(path)?;
    let added = change.keys.rotate(rotation.chosen.kind.kinds(), use_after, reason, now, &rng)?;
    change.commit(&rng)?;
    Ok(added)
}

fn prune(chosen: &Chosen, path: &Path, now: OffsetDateTime) -> Result<Vec<SigningKeyLine>, SigningKeyError> {
    let mut change = KeyFileChange::begin(path)?;
    let removed = change.keys.prune(chosen.kind.kinds(), now);
    if !removed.is_empty() {
        change.commit(&Rng::system())?;
    }
    Ok(removed)
}

impl Chosen {
    fn path(&self) -> Result<PathBuf, Failure> {
        Ok(self.place.locate()?.keys())
    }
}

impl Kind {
    fn kinds(self) -> &'static [TokenKind] {
        match self {
            Self::EightyEightPay => &[TokenKind::EightyEightPay],
            Self::Alternative => &[TokenKind::Alternative],
            Self::Pledg => &[TokenKind::Pledg],
            Self::Panel => &[TokenKind::Panel],
            Self::Checkout => &[TokenKind::AlternativeCheckout],
            Self::All => &TokenKind::ALL,
        }
    }
}

/// One key a line, in columns.
fn table(lines: &[SigningKeyLine]) -> String {
    let moment = |at: Option<i64>| {
        let at = at.and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
        at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_else(|| "-".to_owned())
    };
    let head = ["kind", "kid", "state", "signs from", "dead from"].map(str::to_owned);
    let rows = lines.iter().map(|line| {
        let (kind, state) = (line.kind.as_str().to_owned(), line.state.as_str().to_owned());
        [kind, line.kid.clone(), state, moment(line.use_from), moment(line.dead_at)]
    });
    let line =
        |[kind, kid, state, from, dead]: [String; 5]| format!("{kind:<20} {kid:<14} {state:<9} {from:<20} {dead}\n");
    std::iter::once(head).chain(rows).map(line).collect()
}

/// A whole number and its unit: `90s`, `30m`, `24h`, `7d`.
fn duration(text: &str) -> Result<Duration, &'static str> {
    let malformed = "a whole number and s, m, h or d, such as 24h";
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or(malformed)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(malformed),
    };
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = number.parse::<u32>().ok().filter(|_| digits).ok_or(malformed)?;
    Ok(Duration::seconds(i64::from(number) * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_with_a_unit_and_nothing_else() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("30m", 1800), ("24h", 86_400), ("7d", 604_800)] {
            assert_eq!(duration(text).unwrap().whole_seconds(), seconds, "{text}");
        }
        for text in ["", "s", "24", "24H", "+1h", "-1h", "1.5h", " 1h", "1 h", "1hh", "99999999999h", "1é", "é"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
