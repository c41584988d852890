//! What does not belong in a credential: blanks, quotes, marks and look-alikes.

use zeroize::Zeroizing;

use super::report::Report;
use super::{Fault, Place};

/// Reports what does not belong in the text, and returns the text without it, so that the rest can be read too.
///
/// White space inside is reported by `inner`, because in base64 it has a cause of its own.
pub(super) fn clean(text: &str, place: Place, inner: Fault, report: &mut Report) -> Zeroizing<String> {
    if is_masked(text) {
        report.add(Fault::Masked, place);
    } else if is_placeholder(text) {
        report.add(Fault::Placeholder, place);
    }
    let text = visible(text, place, report);
    let text = trimmed(&text, place, report);
    if text.chars().any(char::is_whitespace) {
        report.add(inner, place);
    }
    if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
        report.add(Fault::ControlCharacter, place);
    }
    let kept = |c: &char| !c.is_whitespace() && !c.is_control();
    // Of full capacity from the start: growing would leave a copy behind.
    let mut cleaned = Zeroizing::new(String::with_capacity(text.len()));
    cleaned.extend(text.chars().filter(kept));
    cleaned
}

/// Whether something stands where the credential should, so that nothing else is worth saying.
pub(super) fn stands_in(report: &Report) -> bool {
    report.findings().iter().any(|finding| matches!(finding.fault(), Fault::Masked | Fault::Placeholder))
}

/// Without marks that cannot be seen, and with look-alikes as what they look like.
fn visible(text: &str, place: Place, report: &mut Report) -> Zeroizing<String> {
    let mut seen = Zeroizing::new(String::with_capacity(text.len()));
    for (position, c) in text.chars().enumerate() {
        match c {
            '\u{feff}' => report.add(Fault::ByteOrderMark, place),
            _ if is_zero_width(c) => report.add(Fault::ZeroWidth, place),
            _ if c.is_ascii() || c.is_whitespace() || QUOTES.contains(&c) || c.is_control() => seen.push(c),
            _ => {
                let at = format!("Character {} is U+{:04X}.", position + 1, u32::from(c));
                if let Some(plain) = look_alike(c) {
                    report.add_with(Fault::Homoglyph, place, at);
                    seen.push(plain);
                } else {
                    report.add_with(Fault::NonAscii, place, at);
                }
            }
        }
    }
    seen
}

fn trimmed<'t>(text: &'t str, place: Place, report: &mut Report) -> &'t str {
    let mut rest = text;
    loop {
        let without = rest.trim();
        if without.len() < rest.len() {
            report.add(Fault::SurroundingBlanks, place);
        }
        let unquoted = without.trim_matches(QUOTES);
        if unquoted.len() < without.len() {
            report.add(Fault::SurroundingQuotes, place);
        }
        let ended = LINE_ENDS.iter().find_map(|end| unquoted.strip_suffix(end));
        if ended.is_some() {
            report.add(Fault::EscapedLineEnd, place);
        }
        let next = ended.unwrap_or(unquoted);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

fn is_masked(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    text.contains("***") || text.contains(['…', '•', '●']) || text.contains("...") || lower.contains("redacted")
}

fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(QUOTES);
    let lower = text.to_ascii_lowercase();
    let variable = text.strip_prefix('$').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()));
    variable
        || ["${", "$(", "{{", "%(", "process.env"].iter().any(|mark| text.contains(mark))
        || (text.starts_with('<') && text.ends_with('>'))
        || ["your_", "your-", "yourapikey"].iter().any(|mark| lower.starts_with(mark))
        || ["null", "undefined", "none", "nil", "[object object]"].contains(&lower.as_str())
}

fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}')
}

/// The ASCII character that this one is taken for.
fn look_alike(c: char) -> Option<char> {
    if ('\u{ff01}'..='\u{ff5e}').contains(&c) {
        return char::from_u32(u32::from(c) - 0xfee0);
    }
    LOOK_ALIKES.iter().find(|(other, _)| *other == c).map(|(_, plain)| *plain)
}

const QUOTES: [char; 10] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»'];

const LINE_ENDS: [&str; 6] = ["\\r\\n", "\\n", "\\r", "%0D%0A", "%0A", "%0a"];

/// Cyrillic, Greek and typographic characters that fonts draw like ASCII ones.
const LOOK_ALIKES: &[(char, char)] = &[
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('Х', 'X'),
    ('У', 'Y'),
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('Ѕ', 'S'),
    ('І', 'I'),
    ('Ј', 'J'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
    ('ο', 'o'),
    ('ν', 'v'),
    ('ı', 'i'),
    ('ℓ', 'l'),
    ('‐', '-'),
    ('‑', '-'),
    ('–', '-'),
    ('—', '-'),
    ('−', '-'),
    ('＿', '_'),
    ('ˍ', '_'),
];
