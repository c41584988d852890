//! Log lines gathered and written many at a time.

use std::io::Write;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Takes whole lines and writes them from a thread of its own, so that a request does not wait for a system call.
///
/// A line is written at most [`DELAY`](Self::DELAY) after it came. No line is dropped: while the output does not take
/// more, whoever logs waits, as it would when writing itself.
#[derive(Debug, Clone)]
pub(super) struct BatchWriter(Arc<Shared>);

/// Writes what is left when it is dropped.
#[derive(Debug)]
#[must_use]
pub struct Flush {
    writer: BatchWriter,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    pending: Mutex<Pending>,
    arrived: Condvar,
    taken: Condvar,
}

#[derive(Debug, Default)]
struct Pending {
    lines: Vec<u8>,
    stopping: bool,
}

impl BatchWriter {
    /// How long a line may wait for others.
    const DELAY: Duration = Duration::from_millis(20);
    /// Bytes after which a batch is not made larger, and whoever logs waits.
    const FULL: usize = 1024 * 1024;

    /// Starts the thread that writes to `output`.
    ///
    /// # Errors
    ///
    /// Those of the operating system, which starts the thread.
    pub(super) fn start(output: impl Write + Send + 'static) -> std::io::Result<(Self, Flush)> {
        let writer = Self(Arc::default());
        let shared = writer.0.clone();
        let thread = std::thread::Builder::new().name("log".into()).spawn(move || shared.write_all(output))?;
        Ok((writer.clone(), Flush { writer, thread: Some(thread) }))
    }

    /// Takes one line, with its line end.
    pub(super) fn line(&self, line: &[u8]) {
        let mut pending = self.0.lock();
        while pending.lines.len() > Self::FULL && !pending.stopping {
            pending = self.0.taken.wait(pending).unwrap_or_else(PoisonError::into_inner);
        }
        let first = pending.lines.is_empty();
        pending.lines.extend_from_slice(line);
        drop(pending);
        if first {
            self.0.arrived.notify_one();
        }
    }
}

/// The formatter of text lines hands each over in one piece.
impl Write for BatchWriter {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        // Whole lines are appended under the lock, so a panic elsewhere cannot have torn one.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread's work: with the first line it waits for others to join, then writes all.
    fn write_all(&self, mut output: impl Write) {
        let mut batch = Vec::new();
        loop {
            let mut pending = self.lock();
            while pending.lines.is_empty() && !pending.stopping {
                pending = self.arrived.wait(pending).unwrap_or_else(PoisonError::into_inner);
            }
            if !pending.stopping {
                drop(pending);
                std::thread::sleep(BatchWriter::DELAY);
                pending = self.lock();
            }
            std::mem::swap(&mut pending.lines, &mut batch);
            let stopping = pending.stopping;
            drop(pending);
            self.taken.notify_all();
            // An output that is closed has nobody to tell.
            let _ = output.write_all(&batch).and_then(|()| output.flush());
            let over = stopping && batch.is_empty();
            batch.clear();
            if over {
                return;
            }
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.writer.0.lock().stopping = true;
        self.writer.0.arrived.notify_one();
        self.writer.0.taken.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    /// Hands every write to the test.
    struct Tap(Sender<Vec<u8>>);

    impl Write for Tap {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(|_| std::io::Error::other("the test is over"))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_every_line_once_and_whole() {
        let (sender, writes) = channel();
        let (writer, flush) = BatchWriter::start(Tap(sender)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let writer = writer.clone();
                scope.spawn(move || {
                    for line in 0..5_000 {
                        writer.line(format!("{thread} {line} {}\n", "x".repeat(80)).as_bytes());
                    }
                });
            }
        });
        drop(flush);
        let text = String::from_utf8(writes.try_iter().flatten().collect()).unwrap();
        for thread in 0..8 {
            let prefix = format!("{thread} ");
            let own: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
            let expected: Vec<_> = (0..5_000).map(|line| format!("{line} {}", "x".repeat(80))).collect();
            assert_eq!(own, expected);
        }
    }

    #[test]
    fn gathers_lines_that_come_close_together() {
        let (sender, writes) = channel();
        let (writer, flush) = BatchWriter::start(Tap(sender)).unwrap();
        for _ in 0..1_000 {
            writer.line(b"line\n");
        }
        drop(flush);
        assert!(writes.try_iter().filter(|write| !write.is_empty()).count() < 100);
    }

    #[test]
    fn whoever_logs_goes_on_when_the_output_is_closed() {
        let (sender, writes) = channel();
        drop(writes);
        let (writer, flush) = BatchWriter::start(Tap(sender)).unwrap();
        for _ in 0..100_000 {
            writer.line(&[b'x'; 100]);
        }
        drop(flush);
    }
}
