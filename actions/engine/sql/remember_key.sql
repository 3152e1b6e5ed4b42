-- A verb is done under this key, in this transaction. No row comes back when the key was used before.
INSERT INTO actions_verbkey (principal, execution_id, idempotency_key, verb, fingerprint)
VALUES (%(principal)s, %(execution)s, %(key)s, %(verb)s, %(fingerprint)s)
ON CONFLICT (principal, execution_id, idempotency_key) DO NOTHING
RETURNING at
