-- The tables of sqlite/0001_foundation.sql. Here BYTEA for BLOB, identity columns for row numbers, a rowid column where
-- the order of insertion is asked for, and the "C" collation where an order falls back on an id.
-- Times are milliseconds since 1970. Modes are 'live' or 'test'. Secrets are digests or sealed; none is in clear.

CREATE TABLE merchants (
    id         TEXT COLLATE "C" PRIMARY KEY,
    name       TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('active', 'pending_kyc', 'suspended')),
    ip_list    TEXT,                       -- NULL: unrestricted; else CIDR entries, one blank between
    domains    TEXT    NOT NULL,           -- origins, one blank between
    methods    TEXT    NOT NULL,           -- payment method codes, one blank between
    currency   TEXT    NOT NULL,
    created_at BIGINT  NOT NULL
);

CREATE TABLE balances (
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    mode        TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    available   TEXT NOT NULL,             -- plain decimal
    PRIMARY KEY (merchant_id, mode)
);

CREATE TABLE users (
    id            BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id   TEXT    NOT NULL REFERENCES merchants (id),
    email         TEXT    NOT NULL UNIQUE,
    password_hash TEXT    NOT NULL,
    generation    BIGINT  NOT NULL,
    disabled      BIGINT  NOT NULL,
    api_basic     BIGINT  NOT NULL,
    created_at    BIGINT  NOT NULL
);

CREATE TABLE oauth_clients (
    id          TEXT   PRIMARY KEY,
    dialect     TEXT   NOT NULL CHECK (dialect IN ('alternative', 'pledg')),
    merchant_id TEXT   NOT NULL REFERENCES merchants (id),
    mode        TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    scopes      TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE credentials (
    id             TEXT   PRIMARY KEY,
    kind           TEXT   NOT NULL,
    merchant_id    TEXT   NOT NULL REFERENCES merchants (id),
    user_id        BIGINT REFERENCES users (id),
    client_id      TEXT   REFERENCES oauth_clients (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    pepper_version BIGINT NOT NULL,
    digest         BYTEA  NOT NULL,
    scopes         TEXT   NOT NULL,
    ip_list        TEXT,
    last_four      TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    retiring_until BIGINT,
    revoked_at     BIGINT,
    rowid          BIGINT GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX credentials_by_merchant ON credentials (merchant_id, mode);
CREATE INDEX credentials_by_user ON credentials (user_id, kind, mode);

CREATE TABLE sealed_secrets (
    id             TEXT COLLATE "C" PRIMARY KEY,
    purpose        TEXT   NOT NULL CHECK (purpose IN ('webhook', 'pledg_request')),
    merchant_id    TEXT   NOT NULL REFERENCES merchants (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    key_version    BIGINT NOT NULL,
    sealed         BYTEA  NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    retiring_until BIGINT,
    revoked_at     BIGINT
);
CREATE INDEX sealed_secrets_by_merchant ON sealed_secrets (merchant_id, mode, purpose);

CREATE TABLE rsa_keys (
    id             TEXT COLLATE "C" PRIMARY KEY,
    merchant_id    TEXT   NOT NULL REFERENCES merchants (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    spki           BYTEA  NOT NULL,
    fingerprint    TEXT   NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT,
    retiring_until BIGINT,
    revoked_at     BIGINT
);
CREATE INDEX rsa_keys_by_merchant ON rsa_keys (merchant_id, mode);

CREATE TABLE settings (
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    mode        TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    name        TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (merchant_id, mode, name)
);

-- Ids handed to clients of one merchant in one mode: aliases, sample customers, and what `dev` prints again.
CREATE TABLE aliases (
    merchant_id TEXT NOT NULL REFERENCES merchants (id),
    mode        TEXT NOT NULL CHECK (mode IN ('live', 'test')),
    name        TEXT NOT NULL,
    value       TEXT NOT NULL UNIQUE,
    PRIMARY KEY (merchant_id, mode, name)
);

CREATE TABLE payment_requests (
    id            BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id   TEXT    NOT NULL REFERENCES merchants (id),
    mode          TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
    amount        TEXT    NOT NULL,
    unit          TEXT    NOT NULL,
    status        TEXT    NOT NULL CHECK (status IN ('unpaid', 'pending', 'paid', 'cancelled', 'expired')),
    reference_id  TEXT,
    notify_url    TEXT,
    success_url   TEXT,
    failure_url   TEXT,
    origin_domain TEXT,
    client        TEXT,
    created_at    BIGINT  NOT NULL
);

CREATE TABLE transactions (
    id                 BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_request_id BIGINT  NOT NULL REFERENCES payment_requests (id),
    method             TEXT    NOT NULL,
    status             TEXT    NOT NULL CHECK (status IN ('paid', 'pending', 'declined')),
    created_at         BIGINT  NOT NULL
);

CREATE TABLE charges (
    id          BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id TEXT    NOT NULL REFERENCES merchants (id),
    mode        TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
    method_code TEXT    NOT NULL,
    amount      TEXT    NOT NULL,
    currency    TEXT    NOT NULL,
    country     TEXT    NOT NULL,
    customer_id TEXT,
    description TEXT,
    checkout    TEXT    NOT NULL UNIQUE,   -- the random part of urlCheckout
    created_at  BIGINT  NOT NULL
);

CREATE TABLE invoices (
    id             TEXT   PRIMARY KEY,
    merchant_id    TEXT   NOT NULL REFERENCES merchants (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    customer_id    TEXT   NOT NULL,
    invoice_number TEXT   NOT NULL,
    status         TEXT   NOT NULL CHECK (status IN ('open', 'processing', 'paid', 'archived')),
    currency       TEXT   NOT NULL,
    sub_total      TEXT   NOT NULL,
    total          TEXT   NOT NULL,
    due_date       TEXT   NOT NULL,
    created_at     BIGINT NOT NULL
);

CREATE TABLE payment_methods (
    id          TEXT   PRIMARY KEY,
    merchant_id TEXT   NOT NULL REFERENCES merchants (id),
    mode        TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    customer_id TEXT   NOT NULL,
    type        TEXT   NOT NULL CHECK (type IN ('bank', 'card')),
    brand       TEXT,
    last4       TEXT   NOT NULL,
    exp_month   BIGINT,
    exp_year    BIGINT,
    rowid       BIGINT GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX payment_methods_by_customer ON payment_methods (merchant_id, mode, customer_id);

CREATE TABLE invoice_payments (
    id                TEXT   PRIMARY KEY,
    invoice_id        TEXT   NOT NULL UNIQUE REFERENCES invoices (id),  -- an invoice is paid once
    payment_method_id TEXT   NOT NULL REFERENCES payment_methods (id),
    amount            TEXT   NOT NULL,
    currency          TEXT   NOT NULL,
    payment_date      TEXT   NOT NULL,
    status            TEXT   NOT NULL CHECK (status = 'succeeded'),
    created_at        BIGINT NOT NULL
);

CREATE TABLE purchases (
    uid            TEXT COLLATE "C" PRIMARY KEY,
    merchant_id    TEXT   NOT NULL REFERENCES merchants (id),
    mode           TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    reference      TEXT   NOT NULL,
    amount_cents   BIGINT NOT NULL,
    credited_cents BIGINT NOT NULL,
    currency       TEXT   NOT NULL,
    status         TEXT   NOT NULL,
    payload_digest BYTEA  NOT NULL,
    payload        TEXT,                   -- the signed JSON, where a signed request made it
    link           TEXT   NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX purchases_by_reference ON purchases (merchant_id, mode, reference);

CREATE TABLE items (
    id          BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id TEXT    NOT NULL REFERENCES merchants (id),
    mode        TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
    code        TEXT    NOT NULL,
    price       TEXT    NOT NULL,          -- plain decimal, in the merchant's currency
    stock       BIGINT  NOT NULL CHECK (stock >= 0),
    UNIQUE (merchant_id, mode, code)
);

CREATE TABLE orders (
    id                BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id       TEXT    NOT NULL REFERENCES merchants (id),
    mode              TEXT    NOT NULL CHECK (mode IN ('live', 'test')),
    status            TEXT    NOT NULL CHECK (status IN ('completed', 'failed', 'pending')),
    item_id           BIGINT  NOT NULL REFERENCES items (id),
    quantity          BIGINT  NOT NULL,
    email             TEXT    NOT NULL,
    codes_context     TEXT    NOT NULL,    -- what the codes are sealed for
    codes_key_version BIGINT  NOT NULL,
    codes_sealed      BYTEA   NOT NULL,
    created_at        BIGINT  NOT NULL
);
CREATE INDEX orders_by_merchant ON orders (merchant_id, mode, id);

-- One row a browser token; the digest is keyed, so the row opens nothing.
CREATE TABLE checkout_grants (
    digest             BYTEA  PRIMARY KEY,
    payment_request_id BIGINT NOT NULL REFERENCES payment_requests (id),
    merchant_id        TEXT   NOT NULL REFERENCES merchants (id),
    mode               TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    credential_id      TEXT   NOT NULL,
    expires_at         BIGINT NOT NULL,
    revoked_at         BIGINT
);
CREATE INDEX checkout_grants_by_request ON checkout_grants (payment_request_id);
CREATE INDEX checkout_grants_by_expiry ON checkout_grants (expires_at);

-- Single uses that were taken, such as challenge nonces.
CREATE TABLE used_once (
    namespace  TEXT   NOT NULL,
    key        BYTEA  NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (namespace, key)
);
CREATE INDEX used_once_by_expiry ON used_once (expires_at);

-- Token ids that were revoked before their end.
CREATE TABLE revoked_tokens (
    id         TEXT   PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE TABLE idempotency (
    merchant_id TEXT   NOT NULL,
    mode        TEXT   NOT NULL,
    route       TEXT   NOT NULL,
    key         TEXT   NOT NULL,
    body_digest BYTEA  NOT NULL,
    status      BIGINT NOT NULL,
    body        TEXT   NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (merchant_id, mode, route, key)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
