-- Versions of the server's own secrets: what shows that a key file is the one this database was written with, and what
-- needs a version still.

CREATE TABLE secret_key_checks (
    kind     TEXT   NOT NULL,              -- 'pepper', 'token-pepper', 'sealing', 'challenge'
    version  BIGINT NOT NULL,
    value    BLOB   NOT NULL,              -- HMAC-SHA256 of a constant under the secret
    first_at BIGINT NOT NULL,
    PRIMARY KEY (kind, version)
);

ALTER TABLE checkout_grants ADD COLUMN pepper_version BIGINT NOT NULL DEFAULT 0; -- 0: from before versions were noted

-- Sealing anew goes through the old versions.
CREATE INDEX sealed_secrets_by_key ON sealed_secrets (key_version, id);
CREATE INDEX orders_by_codes_key ON orders (codes_key_version, id);
