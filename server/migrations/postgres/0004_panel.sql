-- As sqlite/0004_panel.sql; here the "C" collation of ids that decide an order. What the control panel needs:
-- sessions, the second factor, one-time links, administrators, and numbers of use.

ALTER TABLE users ADD COLUMN administrator BIGINT NOT NULL DEFAULT 0;  -- set by the command line only
ALTER TABLE users ADD COLUMN totp_key_version BIGINT;                  -- NULL: no second factor
ALTER TABLE users ADD COLUMN totp_sealed BYTEA;

-- One row a browser that is signed in; the digest is keyed, so the row opens nothing. A row outlives its time-out for a
-- while, to keep what was typed into a form.
CREATE TABLE panel_sessions (
    digest     BYTEA  PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE, -- names it in the list of sessions
    user_id    BIGINT NOT NULL REFERENCES users (id),
    generation BIGINT NOT NULL,            -- the user's when it began
    mode       TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    created_at BIGINT NOT NULL,
    seen_at    BIGINT NOT NULL,
    proven_at  BIGINT NOT NULL,            -- when the password was last given
    address    TEXT,
    agent      TEXT   NOT NULL,
    flash      TEXT,                       -- said once, on the next page
    draft      TEXT                        -- one JSON object: a form that waits for a log-in; no secrets
);
CREATE INDEX panel_sessions_by_user ON panel_sessions (user_id, created_at);
CREATE INDEX panel_sessions_by_age ON panel_sessions (created_at);

-- A second factor that waits for its first code.
CREATE TABLE totp_enrolments (
    user_id     BIGINT PRIMARY KEY REFERENCES users (id),
    key_version BIGINT NOT NULL,
    sealed      BYTEA  NOT NULL,
    expires_at  BIGINT NOT NULL
);

-- Each code is deleted by its use.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id),
    digest  BYTEA  NOT NULL,
    PRIMARY KEY (user_id, digest)
);

-- Links that set a password; each is deleted by its use.
CREATE TABLE password_links (
    digest     BYTEA  PRIMARY KEY,
    user_id    BIGINT NOT NULL REFERENCES users (id),
    generation BIGINT NOT NULL,            -- a changed password ends every link made before
    purpose    TEXT   NOT NULL CHECK (purpose IN ('invitation', 'reset')),
    expires_at BIGINT NOT NULL
);
CREATE INDEX password_links_by_user ON password_links (user_id);
CREATE INDEX password_links_by_expiry ON password_links (expires_at);

-- Calls by hour, as counted in memory and added up here every few seconds.
CREATE TABLE usage_hours (
    merchant_id TEXT   NOT NULL REFERENCES merchants (id),
    mode        TEXT   NOT NULL CHECK (mode IN ('live', 'test')),
    hour        BIGINT NOT NULL,           -- hours since 1970
    requests    BIGINT NOT NULL,
    refusals    BIGINT NOT NULL,           -- of these
    PRIMARY KEY (merchant_id, mode, hour)
);
CREATE INDEX usage_hours_by_hour ON usage_hours (hour);

-- When a credential was last used, and from where.
CREATE TABLE credential_uses (
    credential_id TEXT   PRIMARY KEY,
    at            BIGINT NOT NULL,
    address       TEXT
);
