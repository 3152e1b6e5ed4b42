-- Forget what was counted: the next pass begins with the first entry of the audit. One statement, so that no pass falls between.
WITH mark AS (
  INSERT INTO actions_tallymark (number, xid, entry, settled) VALUES (1, -9223372036854775808, 0, 0)
  ON CONFLICT (number) DO UPDATE SET xid = excluded.xid, entry = excluded.entry, settled = excluded.settled
  RETURNING number
)
DELETE FROM actions_tally WHERE (SELECT number FROM mark) = 1
