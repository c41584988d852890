//! Texts that may hold secrets: read from a file or from standard input, never from the arguments.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use zeroize::Zeroizing;

use super::Failure;

/// Reads a whole file, `-` being standard input, as UTF-8 of at most `limit` bytes.
pub(super) fn read(path: &Path, limit: usize) -> Result<Zeroizing<String>, Failure> {
    let is_standard = path.as_os_str() == "-";
    let name = if is_standard { "standard input".to_owned() } else { path.display().to_string() };
    let unreadable = |error| Failure::Input(name.clone(), error);
    let source: Box<dyn Read> =
        if is_standard { Box::new(std::io::stdin()) } else { Box::new(File::open(path).map_err(unreadable)?) };
    // Of full capacity from the start: growing would leave a copy behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(limit + 64));
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    source.take(bound).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > limit {
        return Err(Failure::Usage(format!("{name} has more than {limit} bytes")));
    }
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Zeroizing::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Failure::Usage(format!("{name} is not UTF-8 text")))
        }
    }
}
