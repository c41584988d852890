-- What administration needs: names, roles, imported OAuth pairs, and the audit log.

ALTER TABLE credentials ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE credentials ADD COLUMN audit_seq BIGINT NOT NULL DEFAULT 0; -- the entry that tells of its making
ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
ALTER TABLE oauth_clients ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE oauth_clients ADD COLUMN foreign_id TEXT;          -- client id text of an imported pair, byte for byte
ALTER TABLE oauth_clients ADD COLUMN foreign_secret_id TEXT;   -- the credential with the digest of its secret

-- NULLs do not collide: native clients are not concerned.
CREATE UNIQUE INDEX oauth_clients_by_foreign_id ON oauth_clients (mode, foreign_id);
CREATE INDEX oauth_clients_by_merchant ON oauth_clients (merchant_id, mode);
CREATE INDEX credentials_by_client ON credentials (client_id);
CREATE INDEX users_by_merchant ON users (merchant_id);
CREATE INDEX merchants_by_age ON merchants (created_at, id);

-- Append-only. Fields are hashed as they stand here; docs/administration.md has the encoding.
CREATE TABLE audit (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    actor       TEXT   NOT NULL,
    address     TEXT,
    merchant_id TEXT,                      -- no reference: an entry outlives what it tells of
    action      TEXT   NOT NULL,
    subject     TEXT   NOT NULL,
    detail      TEXT   NOT NULL,           -- one JSON object
    previous    BLOB   NOT NULL,
    hash        BLOB   NOT NULL
);
CREATE INDEX audit_by_merchant ON audit (merchant_id, seq);

-- The newest entry, so that entries cut off at the end are noticed. Every change locks this row first.
CREATE TABLE audit_head (
    id   BIGINT PRIMARY KEY CHECK (id = 1),
    seq  BIGINT NOT NULL,
    hash BLOB   NOT NULL
);
INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, x'0000000000000000000000000000000000000000000000000000000000000000');
