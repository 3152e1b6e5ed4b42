-- Seals after a number, in order.
SELECT number, previous, root, first_xid, first_id, last_xid, last_id, count, horizon_xid, horizon_id, at, key, signature
FROM actions_seal
WHERE number > %(after)s
ORDER BY number
LIMIT %(size)s
