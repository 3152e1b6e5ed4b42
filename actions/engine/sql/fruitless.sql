-- Those of these executions that ended without success.
SELECT id FROM actions_execution WHERE id = ANY(%(ids)s::uuid[]) AND status || '' IN ('failed', 'cancelled', 'skipped')
