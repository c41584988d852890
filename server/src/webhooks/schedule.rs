//! When a failed attempt is followed by another.

use time::Duration;

/// Attempts of one delivery: the first and ten retries.
pub const ATTEMPTS: u32 = 11;

/// The waits between attempts, in seconds: 5 s, 30 s, 2 min, 10 min, 30 min, 1, 2, 4, 8 and 16 h.
const WAITS: [i64; 10] = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 57_600];

/// The wait behind attempt number `attempt` (from 1); `None` behind the last.
///
/// `jitter` is random and moves it evenly by up to a tenth either way, so that what failed together does not come
/// back together.
#[must_use]
pub fn retry_delay(attempt: u32, jitter: u16) -> Option<Duration> {
    let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
    let ms = WAITS.get(index)? * 1000;
    let spread = ms / 5 * i64::from(jitter) / i64::from(u16::MAX);
    Some(Duration::milliseconds(ms - ms / 10 + spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_retries_within_a_tenth_of_the_schedule() {
        let waits = [5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 57_600].map(Duration::seconds);
        for (index, wait) in waits.into_iter().enumerate() {
            let attempt = u32::try_from(index).unwrap() + 1;
            assert_eq!(retry_delay(attempt, 0), Some(wait * 9 / 10), "attempt {attempt}");
            assert_eq!(retry_delay(attempt, u16::MAX), Some(wait * 11 / 10), "attempt {attempt}");
            let middle = retry_delay(attempt, u16::MAX / 2).unwrap();
            assert!((middle - wait).abs() < Duration::seconds(1), "attempt {attempt}: {middle}");
        }
        assert_eq!(retry_delay(ATTEMPTS, 0), None);
        assert_eq!(retry_delay(0, 0), None);
        assert_eq!(retry_delay(u32::MAX, 0), None);
    }
}
