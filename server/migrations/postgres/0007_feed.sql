-- What nodes need to keep records in memory: each hears at its commit of every change to a record that another may keep,
-- whoever makes it. Only for PostgreSQL: nobody shares a SQLite file.

-- Processes that may keep records. A row is renewed by its process several times within its bound.
CREATE TABLE nodes (
    id       TEXT   PRIMARY KEY,             -- drawn at the start of the process
    renewed  BIGINT NOT NULL,                -- number of its newest ping; never goes down
    bound_ms BIGINT NOT NULL                 -- how long it trusts its memory after a ping that came back
);

-- Tells '<noun> <columns>' of the old row and of the new one, in the transaction that changes it. The channel is of the
-- schema, so that several schemas of a database do not hear each other.
CREATE FUNCTION tell_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    channel text := 'tollgate_' || (SELECT relnamespace::text FROM pg_class WHERE oid = TG_RELID);
    changed jsonb[];
    fields  jsonb;
    message text;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        PERFORM pg_notify(channel, 'all');
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        changed := array_append(changed, to_jsonb(OLD));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        changed := array_append(changed, to_jsonb(NEW));
    END IF;
    FOREACH fields IN ARRAY changed LOOP
        message := TG_ARGV[0];
        FOR n IN 1 .. TG_NARGS - 1 LOOP
            message := message || ' ' || (fields ->> TG_ARGV[n]);
        END LOOP;
        PERFORM pg_notify(channel, message);
    END LOOP;
    RETURN NULL;
END
$$;

-- An insertion is told where memory knows that there was no row: absent records are not kept otherwise.
CREATE TRIGGER tell AFTER UPDATE OR DELETE ON aliases
    FOR EACH ROW EXECUTE FUNCTION tell_change('alias', 'merchant_id', 'mode', 'name');
CREATE TRIGGER tell AFTER UPDATE OR DELETE ON credentials
    FOR EACH ROW EXECUTE FUNCTION tell_change('credential', 'id');
CREATE TRIGGER tell AFTER UPDATE OR DELETE ON merchants
    FOR EACH ROW EXECUTE FUNCTION tell_change('merchant', 'id');
CREATE TRIGGER tell AFTER UPDATE OR DELETE ON oauth_clients
    FOR EACH ROW EXECUTE FUNCTION tell_change('client', 'id');
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON rsa_keys
    FOR EACH ROW EXECUTE FUNCTION tell_change('signing', 'merchant_id', 'mode');
CREATE TRIGGER tell AFTER INSERT OR UPDATE OR DELETE ON settings
    FOR EACH ROW EXECUTE FUNCTION tell_change('signing', 'merchant_id', 'mode');
CREATE TRIGGER tell AFTER UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION tell_change('user', 'id');
-- A token id that is not revoked any more would loosen something; that is heard when the line is made anew.
CREATE TRIGGER tell AFTER INSERT OR UPDATE ON revoked_tokens
    FOR EACH ROW EXECUTE FUNCTION tell_change('token', 'id', 'expires_at');
CREATE TRIGGER tell AFTER UPDATE ON checkout_grants
    FOR EACH ROW EXECUTE FUNCTION tell_change('grant', 'digest');
-- A grant that expired long ago opens nothing: many of them are removed at a time, in silence.
CREATE TRIGGER tell_deleted AFTER DELETE ON checkout_grants
    FOR EACH ROW WHEN (OLD.expires_at > extract(epoch FROM clock_timestamp()) * 1000 - 3600000)
    EXECUTE FUNCTION tell_change('grant', 'digest');

-- Also for sessions that replay changes, and for whole tables.
DO $$
DECLARE
    kept text;
BEGIN
    FOREACH kept IN ARRAY ARRAY['aliases', 'checkout_grants', 'credentials', 'merchants', 'oauth_clients',
                                'revoked_tokens', 'rsa_keys', 'settings', 'users'] LOOP
        EXECUTE format('CREATE TRIGGER tell_all AFTER TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION tell_change()',
                       kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER tell', kept);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER tell_all', kept);
    END LOOP;
END
$$;
ALTER TABLE checkout_grants ENABLE ALWAYS TRIGGER tell_deleted;
