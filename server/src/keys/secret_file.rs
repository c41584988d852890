//! A file that holds a secret, read so that nothing of it stays in memory that was given back.

use std::fs::File;
use std::io::{Error, Read};

use zeroize::Zeroizing;

/// Reads a whole file of at most `limit` bytes; its metadata says how long it is.
///
/// The buffer is of full capacity from the start: growing would leave copies behind that nobody wipes.
///
/// # Errors
///
/// Those of the operating system; also when the file is longer than `limit`, or grows while it is read.
pub(crate) fn read_secret_file(file: &File, limit: u64) -> Result<Zeroizing<Vec<u8>>, Error> {
    let length = file.metadata()?.len();
    if length > limit {
        return Err(Error::other(format!("it has more than {limit} bytes")));
    }
    // One byte more than there is, so that the end is met without growing.
    let capacity = length.saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(capacity).map_err(Error::other)?));
    file.take(capacity).read_to_end(&mut bytes)?;
    if bytes.len() > usize::try_from(length).map_err(Error::other)? {
        return Err(Error::other("it grew while it was read"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_never_grows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        for length in [0, 1, 31, 32, 33, 64, 100, 4095, 4096, 4097, 8192, 20_000] {
            std::fs::write(&path, vec![b'x'; length]).unwrap();
            let bytes = read_secret_file(&File::open(&path).unwrap(), 20_000).unwrap();
            assert_eq!((bytes.len(), bytes.capacity()), (length, length + 1));
        }
    }

    #[test]
    fn a_file_beyond_the_limit_is_refused_and_not_cut() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        for (length, fits) in [(10, true), (11, false)] {
            std::fs::write(&path, vec![b'x'; length]).unwrap();
            assert_eq!(read_secret_file(&File::open(&path).unwrap(), 10).is_ok(), fits, "{length}");
        }
    }
}
