use std::net::{IpAddr, Ipv6Addr};

/// Splits the right-most hop off a header line: the hop, and what is left of the comma before it.
///
/// Looks at the last [`MAX_HOP_BYTES`] and the byte before them only; `None` when no hop begins in there.
pub(crate) fn split_last(line: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let window = line.len().saturating_sub(MAX_HOP_BYTES + 1);
    let (_, tail) = line.split_at_checked(window)?;
    match tail.iter().rposition(|byte| *byte == b',') {
        Some(comma) => Some((tail.get(comma + 1..)?, Some(line.get(..window + comma)?))),
        None if tail.len() <= MAX_HOP_BYTES => Some((line, None)),
        None => None,
    }
}

/// Reads `ip`, `ipv4:port`, `[ipv6]` or `[ipv6]:port`, with blanks or tabs around it; the port counts for nothing.
pub(crate) fn parse(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?.trim_matches([' ', '\t']);
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (address, after) = rest.split_once(']')?;
        match after.strip_prefix(':') {
            Some(port) if is_port(port) => {}
            None if after.is_empty() => {}
            _ => return None,
        }
        IpAddr::V6(address.parse::<Ipv6Addr>().ok()?)
    } else {
        match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => {
                if !is_port(port) {
                    return None;
                }
                IpAddr::V4(address.parse().ok()?)
            }
            _ => text.parse().ok()?,
        }
    };
    Some(address.to_canonical())
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

/// The longest hop in bytes, blanks around it included.
pub const MAX_HOP_BYTES: usize = 64;
