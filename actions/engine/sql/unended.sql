-- Those of these executions that have not ended.
SELECT id FROM actions_execution
WHERE id = ANY(%(ids)s::uuid[]) AND status || '' NOT IN ('succeeded', 'failed', 'cancelled', 'skipped')
