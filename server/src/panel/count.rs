//! Numbers as pages show them: with a comma between thousands.

use std::borrow::Borrow;
use std::fmt;

/// A number of things; prints as `1,234,567`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(u64);

impl Count {
    /// The number as templates have it: by value or by reference.
    pub(super) fn of(number: impl Borrow<u64>) -> Self {
        Self(*number.borrow())
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        let table = [(0, "0"), (999, "999"), (1000, "1,000"), (89_030, "89,030"), (1_234_567, "1,234,567")];
        for (count, expected) in table {
            assert_eq!(Count::of(count).to_string(), expected);
        }
    }
}
