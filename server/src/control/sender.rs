//! The command line's end of the socket.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::{Command, Listener, MAX_REPLY, Reply, wire};

/// A connection to the server that runs on a data directory.
pub struct Sender {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

/// The server could not be asked; whether it did anything is not known.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The socket is not one that the owner of the directory made.
    #[error("the socket in the data directory is not its owner's: nothing was sent")]
    Foreign,
    /// The connection broke.
    #[error("the server broke off: {0}")]
    Broken(std::io::Error),
    /// The server did not understand, or closed in the middle.
    #[error("the server gave no whole answer: is it of another release?")]
    NoAnswer,
    /// The server took too long.
    #[error("the server did not answer in time")]
    TimedOut,
}

impl Sender {
    /// For each part of an answer; checking a long log is one part.
    const PATIENCE: Duration = Duration::from_mins(10);

    /// Connects; `None` when no server listens in the directory.
    ///
    /// # Errors
    ///
    /// [`SendError::Foreign`], [`SendError::Broken`].
    pub async fn connect(data: &Path) -> Result<Option<Self>, SendError> {
        let path = data.join(Listener::FILE);
        let (Ok(directory), Ok(file)) = (fs::metadata(data), fs::symlink_metadata(&path)) else { return Ok(None) };
        if !file.file_type().is_socket() || file.uid() != directory.uid() {
            return Err(SendError::Foreign);
        }
        match UnixStream::connect(&path).await {
            Ok(stream) => {
                let (read, write) = stream.into_split();
                Ok(Some(Self { read: BufReader::new(read), write }))
            }
            // Left behind by a server that died.
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound) => Ok(None),
            Err(error) => Err(SendError::Broken(error)),
        }
    }

    /// Sends the one command of a connection.
    ///
    /// # Errors
    ///
    /// [`SendError::Broken`].
    pub async fn send(&mut self, command: &Command) -> Result<(), SendError> {
        wire::write(&mut self.write, command).await.map_err(SendError::Broken)
    }

    /// The next part of the answer.
    ///
    /// # Errors
    ///
    /// [`SendError`] as its variants say.
    pub async fn next(&mut self) -> Result<Reply, SendError> {
        let part = tokio::time::timeout(Self::PATIENCE, wire::read(&mut self.read, MAX_REPLY)).await;
        match part {
            Err(_) => Err(SendError::TimedOut),
            Ok(Err(error)) => Err(SendError::Broken(error)),
            Ok(Ok(part)) => part.ok_or(SendError::NoAnswer),
        }
    }
}
