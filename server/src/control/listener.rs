//! The server's end of the socket.

use std::fs;
use std::io::{Error, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::BufReader;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{Command, MAX_COMMAND, Reply, execute, wire};
use crate::administration::Administration;
use crate::clock::Clock;

/// The socket in a data directory; its file goes away with it.
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    owner: u32,
}

/// The socket could not be made.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be listened on: {source}", path = .path.display())]
pub struct ListenerError {
    path: PathBuf,
    source: Error,
}

impl Listener {
    /// The file in the data directory.
    pub const FILE: &str = "tollgate.sock";
    /// Commands at once; more wait.
    const MAX_RUNNING: usize = 8;
    /// For a caller to send its command, and to take each part of the answer.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// Listens in a data directory that this process has locked: a socket that is there is one that died.
    ///
    /// # Errors
    ///
    /// [`ListenerError`] when something else has the name, or the socket cannot be made.
    pub fn bind(data: &Path) -> Result<Self, ListenerError> {
        let path = data.join(Self::FILE);
        match Self::bind_at(&path) {
            Ok((socket, owner)) => Ok(Self { socket, path, owner }),
            Err(source) => Err(ListenerError { path, source }),
        }
    }

    fn bind_at(path: &Path) -> std::io::Result<(UnixListener, u32)> {
        match fs::symlink_metadata(path) {
            Ok(found) if found.file_type().is_socket() => fs::remove_file(path)?,
            Ok(_) => return Err(Error::new(ErrorKind::AlreadyExists, "something else has its name")),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let socket = UnixListener::bind(path)?;
        // Who connected before this is told apart by `may_command`.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
        Ok((socket, fs::symlink_metadata(path)?.uid()))
    }

    /// Carries out what comes, until `stop` says so; commands that run then are finished.
    pub async fn serve(self, administration: Administration, clock: Clock, mut stop: watch::Receiver<bool>) {
        let mut running = JoinSet::new();
        loop {
            let connection = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(_) = running.join_next(), if running.len() >= Self::MAX_RUNNING => continue,
                accepted = self.socket.accept(), if running.len() < Self::MAX_RUNNING => accepted,
            };
            match connection {
                Ok((stream, _)) if self.may_command(&stream) => {
                    let (administration, clock) = (administration.clone(), clock.clone());
                    running.spawn(async move { answer(stream, &administration, &clock).await });
                }
                Ok(_) => tracing::warn!("a command came from another user of this machine and was not read"),
                Err(error) => {
                    // Too many open files, most likely: without a pause this would spin.
                    tracing::warn!(%error, "a command could not be taken");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    }

    /// Only the server's own user, and root, who can do as they like with the files anyway.
    fn may_command(&self, stream: &UnixStream) -> bool {
        stream.peer_cred().is_ok_and(|peer| peer.uid() == self.owner || peer.uid() == 0)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // A file that stays is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

async fn answer(stream: UnixStream, administration: &Administration, clock: &Clock) {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let command = tokio::time::timeout(Listener::PATIENCE, wire::read::<Command>(&mut read, MAX_COMMAND));
    let Ok(Ok(Some(command))) = command.await else {
        tracing::warn!("a command was not whole, or is of another release");
        return;
    };
    let (replies, mut parts) = mpsc::channel::<Reply>(1);
    let work = execute(administration, command, clock.now(), &replies);
    let deliver = async {
        while let Some(part) = parts.recv().await {
            let last = matches!(part, Reply::End | Reply::Refused(_));
            let sent = tokio::time::timeout(Listener::PATIENCE, wire::write(&mut write, &part)).await;
            if last || !matches!(sent, Ok(Ok(()))) {
                break;
            }
        }
        parts.close();
    };
    tokio::join!(work, deliver);
}
