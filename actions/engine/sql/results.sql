-- Results of these executions.
SELECT id::text, result::text FROM actions_execution WHERE id = ANY(%(ids)s::text[]::uuid[])
