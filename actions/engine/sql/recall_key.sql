-- What was asked for under this key, and when.
SELECT at, fingerprint FROM actions_verbkey
WHERE principal = %(principal)s AND execution_id = %(execution)s AND idempotency_key = %(key)s
