-- Who holds these keys. A second statement on purpose: the one that waited for a key cannot see the row it lost to.
SELECT id, principal, idempotency_key, fingerprint, created_at
FROM actions_execution
WHERE action_id = %(action)s
  AND (principal, idempotency_key) IN (SELECT * FROM unnest(%(principals)s::text[], %(keys)s::text[]))
