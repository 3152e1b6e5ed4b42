-- A workflow that is retried has its whole time again.
DELETE FROM actions_memory WHERE execution_id = ANY(%(ids)s::uuid[]) AND (
  key = 'deadline' OR key = 'failure' AND value->>'code' = 'workflow_timed_out')
