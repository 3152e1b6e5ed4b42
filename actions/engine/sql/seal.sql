-- Add one seal; no row comes back when another process sealed first.
INSERT INTO actions_seal (
  number, previous, root, first_xid, first_id, last_xid, last_id, count, horizon_xid, horizon_id, at, key, signature, marks)
VALUES (
  %(number)s, %(previous)s, %(root)s, %(first_xid)s, %(first_id)s, %(last_xid)s, %(last_id)s, %(count)s, %(horizon_xid)s,
  %(horizon_id)s, %(moment)s, %(key)s, %(signature)s, %(marks)s)
ON CONFLICT (number) DO NOTHING
RETURNING number
