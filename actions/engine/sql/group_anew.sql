-- The mark is gone (a flush of tables, where no trigger refuses it): count all failures again, from the first entry of the audit.
-- What people said stays.
WITH mark AS (
  INSERT INTO actions_errormark (xid, entry, settled)
  SELECT 0, 0, 0 WHERE NOT EXISTS (SELECT FROM actions_errormark)
  RETURNING id
), zero AS (
  UPDATE actions_errorgroup SET count = 0 WHERE EXISTS (SELECT FROM mark)
)
DELETE FROM actions_errortally WHERE EXISTS (SELECT FROM mark)
