//! Plain decimals to calculate with, as integers in their smallest unit; they are never floating-point numbers.

use std::cmp::Ordering;
use std::fmt;

/// A decimal that is not negative: so many units of so many decimals.
#[derive(Debug, Clone, Copy)]
pub struct Money {
    units: u128,
    decimals: u32,
}

impl Money {
    /// Digits before the point.
    const MAX_INTEGER_DIGITS: usize = 15;
    /// Digits behind the point; no currency has more.
    const MAX_DECIMALS: usize = 4;

    /// Reads digits with at most one point between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (integer, fraction) = match text.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let fits = (1..=Self::MAX_INTEGER_DIGITS).contains(&integer.len())
            && fraction.len() <= Self::MAX_DECIMALS
            && digits(integer)
            && digits(fraction);
        if !fits {
            return None;
        }
        let units = format!("{integer}{fraction}").parse().ok()?;
        Some(Self { units, decimals: u32::try_from(fraction.len()).ok()? })
    }

    /// So many times as much; `None` beyond what can be counted.
    #[must_use]
    pub fn times(self, count: u32) -> Option<Self> {
        Some(Self { units: self.units.checked_mul(u128::from(count))?, ..self })
    }

    /// What is left without `other`; `None` when that is below zero.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        let decimals = self.decimals.max(other.decimals);
        let units = self.units_of(decimals)?.checked_sub(other.units_of(decimals)?)?;
        Some(Self { units, decimals })
    }

    /// The same amount in units of at least as many decimals.
    fn units_of(self, decimals: u32) -> Option<u128> {
        let more = match decimals.cmp(&self.decimals) {
            Ordering::Less => return None,
            Ordering::Equal | Ordering::Greater => decimals - self.decimals,
        };
        self.units.checked_mul(10_u128.checked_pow(more)?)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.decimals == 0 {
            return write!(f, "{}", self.units);
        }
        let one = 10_u128.pow(self.decimals);
        let width = usize::try_from(self.decimals).unwrap_or_default();
        write!(f, "{}.{:0width$}", self.units / one, self.units % one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_plain_decimals() {
        for text in ["0", "0.00", "100.50", "1500000.00", "7", "1.234", "0.0001", "999999999999999.9999"] {
            assert_eq!(Money::parse(text).unwrap().to_string(), text);
        }
        for text in ["", ".", "1.", ".5", "-1", "+1", "1e3", "1,5", "1.23456", "1000000000000000", " 1", "1.2.3"] {
            assert!(Money::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn subtracts_without_rounding_and_never_below_zero() {
        let table = [
            ("100.50", "10.00", 1, Some("90.50")),
            ("100.50", "33.50", 3, Some("0.00")),
            ("100.50", "33.51", 3, None),
            ("0.30", "0.10", 3, Some("0.00")),
            ("10", "0.001", 1, Some("9.999")),
            ("10.000", "1", 9, Some("1.000")),
            ("0", "0.0001", 1, None),
            ("500", "0", 100, Some("500")),
            ("1000000.00", "0.01", 100_000_000, Some("0.00")),
            ("9007199254740.993", "0.001", 1, Some("9007199254740.992")),
            ("1", "999999999999999.9999", u32::MAX, None),
        ];
        for (available, price, count, left) in table {
            let (available, price) = (Money::parse(available).unwrap(), Money::parse(price).unwrap());
            let got = available.minus(price.times(count).unwrap()).map(|money| money.to_string());
            assert_eq!(got.as_deref(), left, "{available} - {count} x {price}");
        }
    }
}
