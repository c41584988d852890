-- Forms that were sent, so that the same one does nothing twice, and mail that waits to be sent.

-- One row a form that made something, or a record that is rotated; the digest is keyed.
CREATE TABLE sent_forms (
    digest     BLOB   PRIMARY KEY,
    place      TEXT,                       -- the page of what came of it; NULL: not known, or not yet
    expires_at BIGINT NOT NULL             -- from here on the row counts for nothing
);
CREATE INDEX sent_forms_by_expiry ON sent_forms (expires_at);

-- One row a message; it goes when the mail server took it, refused it for good, or it is of no use any more.
CREATE TABLE mails (
    id          TEXT   PRIMARY KEY,
    notice      TEXT   NOT NULL,           -- what it is about, one word, for the log
    key_version BIGINT NOT NULL,
    sealed      BLOB   NOT NULL,           -- one JSON object: address, subject and text, which may hold a one-time link
    attempts    BIGINT NOT NULL,
    due_at      BIGINT NOT NULL,           -- when it may be tried; whoever tries it moves this ahead first
    expires_at  BIGINT NOT NULL
);
CREATE INDEX mails_by_due ON mails (due_at, id);
CREATE INDEX mails_by_expiry ON mails (expires_at);
CREATE INDEX mails_by_key ON mails (key_version, id);
