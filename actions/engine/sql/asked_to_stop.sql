-- Those of these running executions that somebody has asked to stop.
SELECT id FROM actions_execution WHERE id = ANY(%(ids)s::uuid[]) AND cancel_requested_at IS NOT NULL
