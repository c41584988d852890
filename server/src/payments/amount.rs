//! Amounts as plain decimals in a currency; they are never floating-point numbers.

use std::fmt;

use iso_currency::Currency as Iso;

/// An ISO 4217 currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Currency(Iso);

/// An amount above zero, in the spelling it came in: digits, at most one point, at most the currency's decimals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amount(String);

impl Currency {
    /// Reads an upper-case code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let upper = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
        if upper { Iso::from_code(code).map(Self) } else { None }
    }

    /// The three-letter code.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    /// Digits behind the point; `None` for codes without a minor unit, such as gold.
    #[must_use]
    pub fn decimals(self) -> Option<u16> {
        self.0.exponent()
    }
}

impl Amount {
    /// The longest text: 15 digits, a point and the decimals stay exact in every client.
    pub const MAX_LEN: usize = 20;
    /// Digits before the point.
    const MAX_INTEGER_DIGITS: usize = 13;

    /// Reads a JSON number's text: no sign, no exponent, no superfluous zero in front, above zero.
    #[must_use]
    pub fn parse(text: &str, currency: Currency) -> Option<Self> {
        let (integer, fraction) = match text.split_once('.') {
            Some((integer, fraction)) if !fraction.is_empty() => (integer, fraction),
            Some(_) => return None,
            None => (text, ""),
        };
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let canonical = integer == "0" || (!integer.is_empty() && !integer.starts_with('0'));
        let fits = canonical
            && integer.len() <= Self::MAX_INTEGER_DIGITS
            && fraction.len() <= usize::from(currency.decimals().unwrap_or(0))
            && digits(integer)
            && digits(fraction);
        let above_zero = text.bytes().any(|b| matches!(b, b'1'..=b'9'));
        (fits && above_zero && text.len() <= Self::MAX_LEN).then(|| Self(text.to_owned()))
    }

    /// An amount from storage.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// With every decimal of the currency, as people expect it: `49.90`.
    #[must_use]
    pub fn in_full(&self, currency: Currency) -> String {
        let decimals = usize::from(currency.decimals().unwrap_or(0));
        let (integer, fraction) = self.0.split_once('.').unwrap_or((&self.0, ""));
        if decimals == 0 { self.0.clone() } else { format!("{integer}.{fraction:0<decimals$}") }
    }

    /// The spelling it came in.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_plain_decimals_within_the_currency() {
        let table = [
            ("EUR", "49.90", true),
            ("EUR", "1", true),
            ("EUR", "0.01", true),
            ("JPY", "500", true),
            ("KWD", "1.234", true),
            ("EUR", "1.234", false),
            ("JPY", "5.0", false),
            ("EUR", "0", false),
            ("EUR", "0.00", false),
            ("EUR", "-1", false),
            ("EUR", "+1", false),
            ("EUR", "1e3", false),
            ("EUR", "01", false),
            ("EUR", ".5", false),
            ("EUR", "5.", false),
            ("EUR", "", false),
            ("EUR", "1000000000000", true),
            ("EUR", "10000000000000", false),
        ];
        for (code, text, fits) in table {
            let got = Amount::parse(text, Currency::parse(code).unwrap()).is_some();
            assert_eq!(got, fits, "{code} {text:?}");
        }
        for (code, text, full) in [
            ("EUR", "49.9", "49.90"),
            ("EUR", "7", "7.00"),
            ("EUR", "0.01", "0.01"),
            ("JPY", "500", "500"),
            ("KWD", "1.2", "1.200"),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(Amount::parse(text, currency).unwrap().in_full(currency), full, "{code} {text}");
        }
        for code in ["eur", "EURO", "EU", "XYZ", ""] {
            assert!(Currency::parse(code).is_none(), "{code:?}");
        }
    }
}
