//! How the life of a credential looks.

use time::{Duration, OffsetDateTime};
use tollgate_apikey::{Lifecycle, Status};

use super::moment::Moment;

/// Where a credential stands, in words.
pub(super) struct Standing {
    /// One word.
    pub(super) word: &'static str,
    /// The class of the badge that holds it.
    pub(super) tone: &'static str,
    /// The last second of its use, if it has one that lies ahead.
    pub(super) until: Option<Moment>,
    /// How long that is from now, in words; empty without one.
    pub(super) left: String,
    /// Whether it can still be used.
    pub(super) usable: bool,
    /// Whether it can be used and has no successor.
    pub(super) active: bool,
    /// Since when it exists.
    pub(super) created: Moment,
    /// Its age in days, where that is a reason to rotate it.
    pub(super) old: Option<i64>,
}

impl Standing {
    /// The age at which a credential should be rotated (88Pay: "rotate every 90 days").
    pub(super) const OLD: Duration = Duration::days(90);

    pub(super) fn of(lifecycle: &Lifecycle, now: OffsetDateTime) -> Self {
        let status = lifecycle.status(now);
        let (word, tone) = match status {
            Status::Active => ("Active", "good"),
            Status::Retiring { .. } => ("Retiring", "care"),
            Status::Expired => ("Expired", ""),
            Status::Revoked => ("Revoked", ""),
        };
        let usable = matches!(status, Status::Active | Status::Retiring { .. });
        let until = lifecycle.deadline().filter(|_| usable);
        let age = now - lifecycle.created_at();
        let active = status == Status::Active;
        Self {
            word,
            tone,
            left: until.map(|until| in_words(until - now)).unwrap_or_default(),
            until: until.map(Moment),
            usable,
            active,
            created: Moment(lifecycle.created_at()),
            old: (active && age >= Self::OLD).then(|| age.whole_days()),
        }
    }
}

/// A length of time in its two largest units: `6 d 23 h`, `59 min`, `less than a minute`.
pub(super) fn in_words(length: Duration) -> String {
    let (days, hours, minutes) = (length.whole_days(), length.whole_hours() % 24, length.whole_minutes() % 60);
    match (days, hours, minutes) {
        (1.., 0, _) => format!("{days} d"),
        (1.., ..) => format!("{days} d {hours} h"),
        (_, 1.., 0) => format!("{hours} h"),
        (_, 1.., _) => format!("{hours} h {minutes} min"),
        (_, _, 1..) => format!("{minutes} min"),
        _ => "less than a minute".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use tollgate_apikey::Overlap;

    use super::*;

    const T0: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn a_key_is_old_from_the_ninetieth_day_until_it_is_rotated() {
        let mut key = Lifecycle::new(T0);
        assert_eq!(Standing::of(&key, T0 + Duration::days(90) - Duration::SECOND).old, None);
        assert_eq!(Standing::of(&key, T0 + Duration::days(90)).old, Some(90));
        key.retire(T0 + Duration::days(91), Overlap::ONE_DAY).unwrap();
        let standing = Standing::of(&key, T0 + Duration::days(91));
        assert_eq!((standing.old, standing.word, standing.left.as_str()), (None, "Retiring", "1 d"));
        let over = Standing::of(&key, T0 + Duration::days(92));
        assert_eq!((over.usable, over.word, over.left.as_str()), (false, "Expired", ""));
    }

    #[test]
    fn lengths_have_two_units() {
        let table = [
            (59, "less than a minute"),
            (60, "1 min"),
            (3600, "1 h"),
            (3661, "1 h 1 min"),
            (86_400, "1 d"),
            (90_000, "1 d 1 h"),
        ];
        for (seconds, words) in table {
            assert_eq!(in_words(Duration::seconds(seconds)), words);
        }
    }
}
