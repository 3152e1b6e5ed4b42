-- Who holds these keys. A second statement on purpose: the one that waited for a key cannot see the row it lost to.
SELECT id, idempotency_key, fingerprint, created_at
FROM actions_execution
WHERE principal = %(principal)s AND action_id = %(action)s AND idempotency_key = ANY (%(keys)s::text[])
