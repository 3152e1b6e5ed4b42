-- When these executions ended.
SELECT id, finished_at FROM actions_execution WHERE id = ANY(%(ids)s::uuid[])
