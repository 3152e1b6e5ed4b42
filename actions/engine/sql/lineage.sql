-- An execution and the workflows above it, from the nearest up.
WITH RECURSIVE line AS (
  SELECT id, parent_id, 0 AS height FROM actions_execution WHERE id = %(id)s
  UNION ALL
  SELECT above.id, above.parent_id, height + 1 FROM line JOIN actions_execution AS above ON above.id = line.parent_id
)
SELECT id FROM line ORDER BY height
