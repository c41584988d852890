//! Hexadecimal digits.

/// Appends two lower-case digits per byte.
pub(crate) fn push_lower(out: &mut String, bytes: &[u8]) {
    push(out, bytes, b'a');
}

/// Appends two upper-case digits per byte.
pub(crate) fn push_upper(out: &mut String, bytes: &[u8]) {
    push(out, bytes, b'A');
}

/// Decodes lower-case digits that fill the slice.
pub(crate) fn decode_lower(digits: &str, bytes: &mut [u8]) -> Option<()> {
    if digits.bytes().any(|digit| digit.is_ascii_uppercase()) { None } else { decode_any(digits, bytes) }
}

/// Decodes digits of any case that fill the slice.
pub(crate) fn decode_any(digits: &str, bytes: &mut [u8]) -> Option<()> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != bytes.len() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    Some(())
}

fn push(out: &mut String, bytes: &[u8], ten: u8) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(if nibble < 10 { b'0' + nibble } else { ten + nibble - 10 }));
        }
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
