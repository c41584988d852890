//! Lines on the socket: one bounded line of JSON each.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroizing;

/// The longest command, in bytes with its line end.
pub const MAX_COMMAND: usize = 64 * 1024;

/// The longest part of an answer, in bytes with its line end.
pub const MAX_REPLY: usize = 8 * 1024 * 1024;

/// Reads one line; `None` at the end of the stream, and for a line that is too long, cut, or no such value.
pub(super) async fn read<T: DeserializeOwned>(
    stream: &mut (impl AsyncBufRead + Unpin),
    limit: usize,
) -> std::io::Result<Option<T>> {
    // Room for most commands at once: a buffer that grows leaves copies behind.
    let mut line = Zeroizing::new(Vec::with_capacity(limit.min(MAX_COMMAND)));
    let bound = u64::try_from(limit).unwrap_or(u64::MAX);
    stream.take(bound).read_until(b'\n', &mut line).await?;
    Ok(line.strip_suffix(b"\n").and_then(|line| serde_json::from_slice(line).ok()))
}

/// Writes one line.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), value: &impl Serialize) -> std::io::Result<()> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_COMMAND));
    serde_json::to_writer(&mut *line, value)?;
    line.push(b'\n');
    stream.write_all(&line).await?;
    stream.flush().await
}
