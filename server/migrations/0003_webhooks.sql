-- Webhook delivery. Times are milliseconds since 1970; secrets are sealed.

-- A secret may now also be for Pledg notifications. A CHECK cannot be widened in place, so the table is made again.
CREATE TABLE sealed_secrets_widened (
    id             TEXT   PRIMARY KEY,
    purpose        TEXT   NOT NULL CHECK (purpose IN ('webhook', 'pledg_request', 'pledg_notification')),
    merchant_id    TEXT   NOT NULL REFERENCES merchants (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    key_version    BIGINT NOT NULL,
    sealed         BLOB   NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    retiring_until BIGINT,
    revoked_at     BIGINT
);
INSERT INTO sealed_secrets_widened
    (id, purpose, merchant_id, mode, key_version, sealed, created_at, expires_at, retiring_until, revoked_at)
    SELECT id, purpose, merchant_id, mode, key_version, sealed, created_at, expires_at, retiring_until, revoked_at
    FROM sealed_secrets;
DROP TABLE sealed_secrets;
ALTER TABLE sealed_secrets_widened RENAME TO sealed_secrets;
CREATE INDEX sealed_secrets_by_merchant ON sealed_secrets (merchant_id, mode, purpose);

-- One row a target: registered by the merchant, or named by one of its objects. The id is derived from
-- merchant, mode, dialect and URL.
CREATE TABLE webhook_endpoints (
    id                 TEXT   PRIMARY KEY,
    merchant_id        TEXT   NOT NULL REFERENCES merchants (id),
    mode               TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    dialect            TEXT   NOT NULL CHECK (dialect IN ('88pay', 'alternative', 'caibo', 'pledg')),
    url                TEXT   NOT NULL,
    registered         BIGINT NOT NULL,      -- 1: gets every event of its dialect; 0: only those of objects that name it
    bearer_key_version BIGINT,               -- the static secret of an Alternative subscription, sealed
    bearer_sealed      BLOB,
    created_at         BIGINT NOT NULL,
    disabled_at        BIGINT,               -- it answered 410; NULL: active
    lease              TEXT,                 -- who makes an attempt now; NULL: nobody
    due_at             BIGINT                -- next attempt, or the end of the lease; NULL: nothing to deliver
);
CREATE INDEX webhook_endpoints_by_merchant ON webhook_endpoints (merchant_id, mode, dialect);
CREATE INDEX webhook_endpoints_by_due_time ON webhook_endpoints (due_at);

CREATE TABLE webhook_deliveries (
    message_id  TEXT   NOT NULL,             -- webhook-id; ids made later sort later
    endpoint_id TEXT   NOT NULL REFERENCES webhook_endpoints (id),
    merchant_id TEXT   NOT NULL,
    mode        TEXT   NOT NULL,
    format      TEXT   NOT NULL,             -- how it is signed
    body        TEXT   NOT NULL,             -- before signing
    state       TEXT   NOT NULL CHECK (state IN ('pending', 'delivered', 'failed', 'stopped')),
    attempts    BIGINT NOT NULL,
    due_at      BIGINT,                      -- next attempt; NULL: over
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (message_id, endpoint_id)
);
CREATE INDEX webhook_deliveries_by_endpoint ON webhook_deliveries (endpoint_id, due_at);
CREATE INDEX webhook_deliveries_by_merchant ON webhook_deliveries (merchant_id, mode, message_id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);

CREATE TABLE webhook_attempts (
    message_id  TEXT   NOT NULL,
    endpoint_id TEXT   NOT NULL,
    number      BIGINT NOT NULL,             -- from 1
    made_at     BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status      BIGINT,                      -- HTTP status of the answer; NULL: there was none
    error       TEXT,                        -- why there was none
    PRIMARY KEY (message_id, endpoint_id, number),
    FOREIGN KEY (message_id, endpoint_id) REFERENCES webhook_deliveries (message_id, endpoint_id)
);
