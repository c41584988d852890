use zeroize::Zeroizing;

/// Decodes `application/x-www-form-urlencoded` text once: `+` is a blank, `%HH` a byte; `None` for a broken escape.
pub(crate) fn decode(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_coded = |byte: &&u8| matches!(byte, b'+' | b'%');
    // Counted to the end: several bytes at a time are quicker than one by one, and most texts are as they are.
    if text.iter().filter(is_coded).count() == 0 {
        return Some(Zeroizing::new(text.to_vec()));
    }
    // The result is never longer than the text, so the buffer never moves.
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.iter().copied();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => (nibble(rest.next()?)? << 4) | nibble(rest.next()?)?,
            other => other,
        });
    }
    Some(out)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}
