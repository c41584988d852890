//! SQLite's one writer: changes that arrive while it is busy share the next commit, and so one wait for the disk.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Executor};
use tokio::sync::{Mutex, OwnedMutexGuard, mpsc, oneshot, watch};

use super::first_use::FirstUse;
use super::query::{Fetch, Fetched, Query};
use super::sqlite::{self, Statement};
use crate::storage::{Claim, StorageError};

/// A handle on the task that writes.
///
/// The task opens a transaction, lets every waiting caller make its change in it, commits, and only then answers them.
/// A caller that changed nothing is answered then, too: it may have seen what others changed.
///
/// Handing a statement to SQLite's thread costs more than running it. So first uses that wait side by side are one
/// statement, and where nobody else waits, that statement is the transaction: it begins and commits by itself.
///
/// What fails is undone alone: a statement by SQLite itself, a lease by its savepoint. When the commit fails, or SQLite
/// gave the whole transaction up (a full disk), every caller of the group is told that its change did not happen.
#[derive(Debug, Clone)]
pub(super) struct GroupWriter {
    jobs: mpsc::Sender<Job>,
}

/// The connection, lent to one caller inside the group's transaction; undone unless [`commit`](Self::commit) is called.
pub(super) struct Lease {
    connection: OwnedMutexGuard<Option<SqliteConnection>>,
    keep: oneshot::Sender<Answer<()>>,
    end: GroupEnd,
}

/// What became of a group, for those that saw its changes before they were on disk.
#[derive(Debug, Clone)]
pub(super) struct GroupEnd(watch::Receiver<Option<Committed>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Committed {
    No,
    Yes,
}

type Answer<T> = oneshot::Sender<Result<T, StorageError>>;

enum Job {
    Claim(FirstUse, Answer<Claim>),
    Close(oneshot::Sender<()>),
    Lease(Answer<Lease>),
    Statement(Statement, Fetch, Answer<Fetched>),
}

/// A caller whose change is made but not yet on disk.
enum Waiting {
    Claim(Answer<Claim>, Claim),
    Lease(Answer<()>),
    Statement(Answer<Fetched>, Fetched),
}

/// One transaction and those who wait for its end.
struct Group<'t> {
    connection: &'t Arc<Mutex<Option<SqliteConnection>>>,
    waiting: Vec<Waiting>,
    /// First uses that are asked for and not taken yet: whatever else comes is made after them.
    claims: Vec<(FirstUse, Answer<Claim>)>,
    /// Callers that were let in, also those that changed nothing.
    admitted: usize,
    end: watch::Sender<Option<Committed>>,
}

impl GroupWriter {
    /// Callers that may wait for their turn; further ones wait for a place.
    const QUEUE: usize = 1024;
    /// Changes that share a commit at most, so that the first does not wait for ever.
    const GROUP: usize = 128;
    /// How long a caller waits for its turn.
    const TURN: Duration = Duration::from_secs(5);

    /// Starts the task; it ends with [`close`](Self::close), or when the last handle is gone.
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (jobs, queue) = mpsc::channel(Self::QUEUE);
        tokio::spawn(serve(Arc::new(Mutex::new(Some(connection))), queue));
        Self { jobs }
    }

    /// Runs one statement; when this returns, its change is on disk.
    pub(super) async fn run(&self, statement: Statement, fetch: Fetch) -> Result<Fetched, StorageError> {
        self.ask(|answer| Job::Statement(statement, fetch, answer)).await
    }

    /// Takes a first use; when this returns, that is on disk.
    pub(super) async fn claim(&self, wanted: FirstUse) -> Result<Claim, StorageError> {
        self.ask(|answer| Job::Claim(wanted, answer)).await
    }

    /// Lends the connection for several statements.
    pub(super) async fn lease(&self) -> Result<Lease, StorageError> {
        self.ask(Job::Lease).await
    }

    /// Closes the connection after the changes that are under way.
    pub(super) async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Job::Close(done)).await.is_ok() {
            // Whether it says so or is gone: it has ended.
            drop(closed.await);
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, StorageError> {
        let (answer, answered) = oneshot::channel();
        let asked = async {
            self.jobs.send(job(answer)).await.map_err(|_| StorageError::unavailable())?;
            answered.await.map_err(|_| StorageError::unavailable())?
        };
        tokio::time::timeout(Self::TURN, asked).await.map_err(|_| StorageError::unavailable())?
    }
}

impl Lease {
    /// Runs one statement of this change.
    pub(super) async fn run(&mut self, statement: Statement, fetch: Fetch) -> Result<Fetched, StorageError> {
        Ok(sqlite::run(open(&mut self.connection)?, statement, fetch).await?)
    }

    /// The end of its group.
    pub(super) fn end(&self) -> GroupEnd {
        self.end.clone()
    }

    /// Gives the connection back and waits until the change is on disk.
    pub(super) async fn commit(self) -> Result<(), StorageError> {
        let Self { connection, keep, .. } = self;
        let (answer, answered) = oneshot::channel();
        drop(connection);
        keep.send(answer).map_err(|_| StorageError::unavailable())?;
        answered.await.map_err(|_| StorageError::unavailable())?
    }
}

impl GroupEnd {
    /// Waits until everything in the group is on disk.
    pub(super) async fn wait(mut self) -> Result<(), StorageError> {
        match self.0.wait_for(Option::is_some).await {
            Ok(end) if *end == Some(Committed::Yes) => Ok(()),
            _ => Err(StorageError::unavailable()),
        }
    }
}

/// Group after group, until it is told to close or nobody is left to ask.
async fn serve(connection: Arc<Mutex<Option<SqliteConnection>>>, mut queue: mpsc::Receiver<Job>) {
    let mut before = Committed::Yes;
    while let Some(first) = queue.recv().await {
        let closing;
        (before, closing) = Group::new(&connection).serve(first, &mut queue, before).await;
        if let Some(done) = closing {
            if let Some(connection) = connection.lock().await.take() {
                // The file is whole whatever this says: the next start reads the write-ahead log.
                drop(connection.close().await);
            }
            // Who asked may have stopped waiting.
            let _: Result<(), ()> = done.send(());
            return;
        }
    }
}

impl<'t> Group<'t> {
    fn new(connection: &'t Arc<Mutex<Option<SqliteConnection>>>) -> Self {
        Self { connection, waiting: Vec::new(), claims: Vec::new(), admitted: 0, end: watch::Sender::new(None) }
    }

    /// Serves `first` and whoever waits behind it; says what became of that, and who asked to close meanwhile.
    async fn serve(
        mut self,
        first: Job,
        queue: &mut mpsc::Receiver<Job>,
        before: Committed,
    ) -> (Committed, Option<oneshot::Sender<()>>) {
        let next = match self.gather(first, queue).await {
            Some(Job::Close(done)) if self.claims.is_empty() => return (before, Some(done)),
            next => next,
        };
        // Not behind a group that failed: in a transaction that it left open, these would be answered and then lost.
        if next.is_none() && before == Committed::Yes && self.claim_all().await.is_ok() {
            return (self.answer(&Ok(())), None);
        }
        if let Err(error) = self.begin().await {
            return (Committed::No, self.refuse(next, error));
        }
        let (made, closing) = self.fill(next, queue).await;
        (self.end(made).await, closing)
    }

    /// Notes the first uses that wait, up to the first job that is something else.
    async fn gather(&mut self, first: Job, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
        // Requests that are checked at this moment get as far as here, and need no commit of their own.
        tokio::task::yield_now().await;
        let mut next = Some(first);
        while let Some(Job::Claim(wanted, answer)) = next {
            self.claims.push((wanted, answer));
            next = self.next(queue);
        }
        next
    }

    /// Who waits behind those that were let in, if there is a place.
    fn next(&mut self, queue: &mut mpsc::Receiver<Job>) -> Option<Job> {
        self.admitted += 1;
        if self.admitted < GroupWriter::GROUP { queue.try_recv().ok() } else { None }
    }

    /// Lets `next` and whoever waits behind it make their changes, and says who asked to close meanwhile.
    ///
    /// An error means that the transaction is gone with every change in it.
    async fn fill(
        &mut self,
        mut next: Option<Job>,
        queue: &mut mpsc::Receiver<Job>,
    ) -> (Result<(), StorageError>, Option<oneshot::Sender<()>>) {
        while let Some(job) = next {
            if let Job::Close(done) = job {
                return (self.claim().await, Some(done));
            }
            if let Err(lost) = self.admit(job).await {
                return (Err(lost), None);
            }
            next = self.next(queue);
        }
        (self.claim().await, None)
    }

    /// Makes one change; only the loss of the whole transaction is an error.
    async fn admit(&mut self, job: Job) -> Result<(), StorageError> {
        if !matches!(job, Job::Claim(..)) {
            self.claim().await?;
        }
        match job {
            Job::Claim(wanted, answer) => self.claims.push((wanted, answer)),
            Job::Close(_) => {}
            Job::Lease(answer) => {
                self.execute("SAVEPOINT caller").await?;
                let (keep, kept) = oneshot::channel();
                let lease = Lease {
                    connection: self.connection.clone().lock_owned().await,
                    keep,
                    end: GroupEnd(self.end.subscribe()),
                };
                // A caller that went away never takes the lease, which then is dropped as if it had failed.
                drop(answer.send(Ok(lease)));
                match kept.await {
                    Ok(answer) => self.waiting.push(Waiting::Lease(answer)),
                    Err(_) => self.execute("ROLLBACK TO caller").await?,
                }
                self.execute("RELEASE caller").await?;
            }
            Job::Statement(statement, fetch, answer) => match self.run(statement, fetch).await {
                Ok(fetched) => self.waiting.push(Waiting::Statement(answer, fetched)),
                Err(error) => {
                    drop(answer.send(Err(error)));
                    self.check_alive().await?;
                }
            },
        }
        Ok(())
    }

    /// Takes the first uses that wait, all at once if none of them was taken before; only the loss of the whole
    /// transaction is an error.
    async fn claim(&mut self) -> Result<(), StorageError> {
        if self.claims.len() > 1 {
            if self.claim_all().await.is_ok() {
                return Ok(());
            }
            self.check_alive().await?;
        }
        for (wanted, answer) in std::mem::take(&mut self.claims) {
            match self.change(wanted.take()).await {
                Ok(1) => self.waiting.push(Waiting::Claim(answer, Claim::First)),
                Ok(_) => self.waiting.push(Waiting::Claim(answer, Claim::Seen)),
                Err(error) => {
                    drop(answer.send(Err(error)));
                    self.check_alive().await?;
                }
            }
        }
        Ok(())
    }

    /// Takes the first uses that wait by one statement; an error means that nothing happened, most often as one of them
    /// was taken before.
    async fn claim_all(&mut self) -> Result<(), StorageError> {
        let all: Vec<_> = self.claims.iter().map(|(wanted, _)| wanted).collect();
        self.change(FirstUse::take_all(&all)).await?;
        let claims = std::mem::take(&mut self.claims);
        self.waiting.extend(claims.into_iter().map(|(_, answer)| Waiting::Claim(answer, Claim::First)));
        Ok(())
    }

    async fn begin(&self) -> Result<(), StorageError> {
        const BEGIN: &str = "BEGIN IMMEDIATE";
        if self.execute(BEGIN).await.is_ok() {
            return Ok(());
        }
        // What a failed end may have left open.
        drop(self.execute("ROLLBACK").await);
        self.execute(BEGIN).await
    }

    /// Some failures (a full disk) make SQLite roll the whole transaction back, which it does not say in its answer;
    /// but it lets a transaction begin only where there is none.
    async fn check_alive(&self) -> Result<(), StorageError> {
        match self.execute("BEGIN").await {
            Err(_) => Ok(()),
            Ok(()) => Err(StorageError::unavailable()),
        }
    }

    /// Commits, or undoes what is lost, and answers everybody.
    async fn end(self, made: Result<(), StorageError>) -> Committed {
        let committed = match made {
            Ok(()) if self.waiting.is_empty() => self.execute("ROLLBACK").await,
            Ok(()) => self.execute("COMMIT").await,
            Err(lost) => Err(lost),
        };
        if committed.is_err() {
            // Where nothing is open there is nothing to undo.
            drop(self.execute("ROLLBACK").await);
        }
        self.answer(&committed)
    }

    /// Tells everybody what became of the changes.
    fn answer(self, committed: &Result<(), StorageError>) -> Committed {
        let end = if committed.is_ok() { Committed::Yes } else { Committed::No };
        self.end.send_replace(Some(end));
        let outcome = || committed.as_ref().map_or(Err(StorageError::unavailable()), |()| Ok(()));
        for waiting in self.waiting {
            match waiting {
                Waiting::Claim(answer, claim) => drop(answer.send(outcome().map(|()| claim))),
                Waiting::Lease(answer) => drop(answer.send(outcome())),
                Waiting::Statement(answer, fetched) => drop(answer.send(outcome().map(|()| fetched))),
            }
        }
        end
    }

    /// Refuses everybody, as no transaction can begin; who asked to close is not refused.
    fn refuse(self, next: Option<Job>, error: StorageError) -> Option<oneshot::Sender<()>> {
        let mut error = Some(error);
        let mut cause = || error.take().unwrap_or_else(StorageError::unavailable);
        for (_, answer) in self.claims {
            drop(answer.send(Err(cause())));
        }
        match next? {
            Job::Claim(_, answer) => drop(answer.send(Err(cause()))),
            Job::Close(done) => return Some(done),
            Job::Lease(answer) => drop(answer.send(Err(cause()))),
            Job::Statement(_, _, answer) => drop(answer.send(Err(cause()))),
        }
        None
    }

    /// Runs one statement and counts the rows it changed.
    async fn change(&self, query: Query<'_>) -> Result<u64, StorageError> {
        Ok(self.run(Statement::new(query)?, Fetch::Nothing).await?.changed)
    }

    async fn run(&self, statement: Statement, fetch: Fetch) -> Result<Fetched, StorageError> {
        Ok(sqlite::run(open(&mut *self.connection.lock().await)?, statement, fetch).await?)
    }

    async fn execute(&self, statement: &'static str) -> Result<(), StorageError> {
        open(&mut *self.connection.lock().await)?.execute(statement).await?;
        Ok(())
    }
}

fn open(connection: &mut Option<SqliteConnection>) -> Result<&mut SqliteConnection, StorageError> {
    connection.as_mut().ok_or_else(StorageError::unavailable)
}
