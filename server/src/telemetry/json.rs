//! Log events as JSON objects, one a line.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::Debug;

use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use super::batch::BatchWriter;
use super::timestamp;
use crate::clock::Clock;

/// Writes `timestamp` (UTC), `level`, `target`, and the fields of the event beside them.
#[derive(Debug)]
pub(super) struct JsonLines {
    writer: BatchWriter,
    clock: Clock,
}

impl JsonLines {
    pub(super) fn new(writer: BatchWriter, clock: Clock) -> Self {
        Self { writer, clock }
    }
}

impl<S: Subscriber> Layer<S> for JsonLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // Taken out, not borrowed: a value that logs while it is printed gets a buffer of its own.
        let mut line = LINE.take();
        line.clear();
        let metadata = event.metadata();
        line.extend_from_slice(b"{\"timestamp\":\"");
        timestamp::write(self.clock.now(), &mut line);
        line.extend_from_slice(b"\",\"level\":\"");
        line.extend_from_slice(metadata.level().as_str().as_bytes());
        line.extend_from_slice(b"\",\"target\":");
        let mut members = Members(&mut line);
        members.text(metadata.target());
        event.record(&mut members);
        line.extend_from_slice(b"}\n");
        self.writer.line(&line);
        LINE.set(line);
    }
}

/// Appends the members of an object that is open.
struct Members<'l>(&'l mut Vec<u8>);

impl Members<'_> {
    /// How many causes are told with an error.
    const MAX_CAUSES: usize = 5;

    fn name(&mut self, field: &Field) {
        self.0.push(b',');
        self.text(field.name());
        self.0.push(b':');
    }

    fn member(&mut self, field: &Field, value: impl Serialize) {
        self.name(field);
        self.value(value);
    }

    /// Most texts are words in which nothing needs an escape.
    fn text(&mut self, text: &str) {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        // Counted to the end: several bytes at a time are quicker than one by one.
        if text.bytes().filter(|byte| !is_plain(*byte)).count() == 0 {
            self.0.push(b'"');
            self.0.extend_from_slice(text.as_bytes());
            self.0.push(b'"');
        } else {
            self.value(text);
        }
    }

    /// A value that does not fit JSON becomes null, so that the line stays an object.
    fn value(&mut self, value: impl Serialize) {
        let before = self.0.len();
        if serde_json::to_writer(&mut *self.0, &value).is_err() {
            self.0.truncate(before);
            self.0.extend_from_slice(b"null");
        }
    }
}

impl Visit for Members<'_> {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.member(field, format_args!("{value:?}"));
    }

    /// With what caused it: an error that was wrapped says too little to act on.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut told = value.to_string();
        let mut next = value.source();
        for _ in 0..Self::MAX_CAUSES {
            let Some(cause) = next else { break };
            let words = cause.to_string();
            if !told.ends_with(&words) {
                told = format!("{told}: {words}");
            }
            next = cause.source();
        }
        self.member(field, told);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.member(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.text(value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, value);
    }
}

thread_local! {
    /// The line that is being made; its memory serves the next one.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use std::io::{Error as IoError, Write};
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use time::macros::datetime;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(act: impl FnOnce()) -> Vec<Value> {
        let kept = Kept::default();
        let (writer, flush) = BatchWriter::start(kept.clone()).unwrap();
        let clock = Clock::manual(datetime!(2026-01-01 0:00:01.25 UTC));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(JsonLines::new(writer, clock)), act);
        drop(flush);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Wrapped(&'static str, #[source] IoError);

    #[test]
    fn a_line_is_one_object_whatever_its_fields_hold() {
        let lines = logged(|| {
            let error = IoError::other("broken \u{7f}\n\"pipe\"");
            tracing::info!(target: "a\"b", text = "x\n\"y\"\u{0}", signed = -7, large = u64::MAX, yes = true, "said\nso");
            tracing::warn!(error = &error as &dyn Error, shown = ?Some("\n"), none = f64::NAN);
            tracing::warn!(
                error = &Wrapped("the list cannot be read: damaged", IoError::other("damaged")) as &dyn Error
            );
            let full = Wrapped("the disk", IoError::other("is full"));
            tracing::warn!(error = &Wrapped("not available", IoError::other(full)) as &dyn Error);
        });
        assert_eq!(lines.len(), 4);
        let first = &lines[0];
        assert_eq!(first["timestamp"], "2026-01-01T00:00:01.25Z");
        assert_eq!((first["level"].as_str(), first["target"].as_str()), (Some("INFO"), Some("a\"b")));
        assert_eq!(first["message"], "said\nso");
        assert_eq!(first["text"], "x\n\"y\"\u{0}");
        assert_eq!((first["signed"].as_i64(), first["large"].as_u64()), (Some(-7), Some(u64::MAX)));
        assert_eq!(first["yes"], true);
        assert_eq!(lines[1]["error"], "broken \u{7f}\n\"pipe\"");
        assert_eq!(lines[2]["error"], "the list cannot be read: damaged", "a cause is told once");
        assert_eq!(lines[3]["error"], "not available: the disk: is full");
        assert_eq!(lines[1]["shown"], "Some(\"\\n\")");
        assert_eq!(lines[1]["none"], Value::Null);
    }
}
