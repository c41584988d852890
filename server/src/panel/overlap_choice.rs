//! How long the old one still works: the field of every rotation.

use tollgate_apikey::Overlap;

use super::Fields;

/// What was chosen.
pub(super) struct OverlapChoice {
    picked: String,
    /// The number of a length of one's own.
    pub(super) length: String,
    /// Its unit: `minutes`, `hours` or `days`.
    pub(super) unit: String,
    /// Whether it was understood that the old one dies at once.
    pub(super) understood: bool,
}

/// The overlaps that are offered: seconds and words.
pub(super) const OFFERED: [(&str, &str); 4] =
    [("0", "None: it stops at once"), ("3600", "1 hour"), ("86400", "24 hours"), ("604800", "7 days")];

impl OverlapChoice {
    /// What the fields say; nothing is picked when they say nothing.
    pub(super) fn read(fields: &Fields) -> Self {
        Self {
            picked: fields.text("overlap"),
            length: fields.text("length"),
            unit: fields.text("unit"),
            understood: fields.has("understood"),
        }
    }

    /// The same, with this picked where nothing was.
    pub(super) fn or(mut self, default: Overlap) -> Self {
        if self.picked.is_empty() {
            self.picked = default.as_seconds().to_string();
        }
        self
    }

    /// Whether this one is picked.
    pub(super) fn is(&self, seconds: &str) -> bool {
        self.picked == seconds
    }

    /// The overlap, or what is wrong and with which field.
    pub(super) fn overlap(&self) -> Result<Overlap, (&'static str, &'static str)> {
        let seconds = if self.picked == "custom" {
            let unit = match self.unit.as_str() {
                "minutes" => 60,
                "hours" => 3600,
                "days" => 86_400,
                _ => return Err(("length", "Choose minutes, hours or days.")),
            };
            let digits = !self.length.is_empty() && self.length.bytes().all(|b| b.is_ascii_digit());
            let length = self.length.parse::<u32>().ok().filter(|_| digits);
            length.and_then(|length| length.checked_mul(unit))
        } else {
            OFFERED.iter().find(|(seconds, _)| self.is(seconds)).and_then(|(seconds, _)| seconds.parse().ok())
        };
        let field = if self.picked == "custom" { "length" } else { "overlap" };
        let overlap = seconds.and_then(|seconds| Overlap::new(seconds).ok());
        let overlap = overlap.ok_or((field, "Choose a whole number, 30 days at most."))?;
        if overlap == Overlap::NONE && !self.understood {
            return Err(("understood", "Tick this, or choose an overlap."));
        }
        Ok(overlap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(picked: &str, length: &str, unit: &str, understood: bool) -> OverlapChoice {
        let [picked, length, unit] = [picked, length, unit].map(str::to_owned);
        OverlapChoice { picked, length, unit, understood }
    }

    #[test]
    fn overlaps_are_chosen_on_purpose_and_bounded() {
        let table = [
            (choice("0", "", "", false), Err("understood")),
            (choice("0", "", "", true), Ok(0)),
            (choice("3600", "", "", false), Ok(3600)),
            (choice("604800", "9", "days", true), Ok(604_800)),
            (choice("custom", "90", "minutes", false), Ok(5400)),
            (choice("custom", "30", "days", false), Ok(2_592_000)),
            (choice("custom", "31", "days", false), Err("length")),
            (choice("custom", "4294967295", "days", false), Err("length")),
            (choice("custom", "+1", "hours", false), Err("length")),
            (choice("custom", "-1", "hours", false), Err("length")),
            (choice("custom", "", "hours", false), Err("length")),
            (choice("custom", "1", "", false), Err("length")),
            (choice("custom", "0", "days", false), Err("understood")),
            (choice("5", "", "", true), Err("overlap")),
            (choice("", "", "", true), Err("overlap")),
        ];
        for (at, (choice, expected)) in table.into_iter().enumerate() {
            let got = choice.overlap().map(Overlap::as_seconds).map_err(|(field, _)| field);
            assert_eq!(got, expected, "row {at}");
        }
    }
}
