-- The newest seal.
SELECT number, previous, root, first_xid, first_id, last_xid, last_id, count, horizon_xid, horizon_id, at, key, signature
FROM actions_seal
ORDER BY number DESC
LIMIT 1
