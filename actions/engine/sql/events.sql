-- The first events of a name that a workflow was told and has not taken, in the order they came.
SELECT id, payload::text FROM actions_externalevent
WHERE execution_id = %(id)s AND name = %(name)s AND taken_by IS NULL
ORDER BY at, id
LIMIT %(most)s
