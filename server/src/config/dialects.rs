//! `[dialects]`, and the same list on a listener.

use serde::Deserialize;

use super::alternative;
use super::error::Problem;
use crate::dialects::{ALL, Dialect};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    enabled: Vec<String>,
}

impl Section {
    /// The dialects that are enabled, each as it is configured.
    pub(super) fn resolve(&self, alternative: &alternative::Section) -> Result<Vec<&'static dyn Dialect>, Problem> {
        let alternative = alternative.resolve()?;
        let known: Vec<_> =
            ALL.iter().map(|known| if known.name() == alternative.name() { alternative } else { *known }).collect();
        choose("dialects.enabled", &self.enabled, &known, "is no dialect")
    }
}

/// Those of `known` that are named, each at most once and at least one.
pub(super) fn choose(
    key: &str,
    names: &[String],
    known: &[&'static dyn Dialect],
    unknown: &'static str,
) -> Result<Vec<&'static dyn Dialect>, Problem> {
    let mut chosen: Vec<&'static dyn Dialect> = Vec::new();
    for name in names {
        let Some(dialect) = known.iter().find(|dialect| dialect.name() == name) else {
            let words: Vec<_> = known.iter().map(|dialect| dialect.name()).collect();
            return Err(Problem::key(key, format!("names {name:?}, which {unknown}: there are {}", words.join(", "))));
        };
        if chosen.iter().any(|other| other.name() == name) {
            return Err(Problem::key(key, format!("names {name:?} twice")));
        }
        chosen.push(*dialect);
    }
    if chosen.is_empty() { Err(Problem::key(key, "is empty: name at least one dialect")) } else { Ok(chosen) }
}
