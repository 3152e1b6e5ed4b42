-- Events that a workflow was told and has not taken, in the order they came.
SELECT id, name, payload::text FROM actions_externalevent
WHERE execution_id = %(id)s AND taken_by IS NULL
ORDER BY at, id
