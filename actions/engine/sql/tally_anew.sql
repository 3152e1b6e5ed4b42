-- Forget what was counted: the next pass begins with the first entry of the audit. One statement, so that no pass falls between.
WITH mark AS (
  UPDATE actions_tallymark SET xid = -9223372036854775808, entry = 0 WHERE number = 1 RETURNING number
)
DELETE FROM actions_tally WHERE (SELECT number FROM mark) = 1
