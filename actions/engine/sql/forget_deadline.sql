-- A workflow that is retried has its whole time again; one that has begun to undo its steps stays failed for what it failed.
DELETE FROM actions_memory AS memory WHERE execution_id = ANY(%(ids)s::uuid[]) AND (
  key = 'deadline' OR key = 'failure' AND value->>'code' = 'workflow_timed_out' AND NOT EXISTS (
    SELECT FROM actions_execution WHERE parent_id = memory.execution_id AND starts_with(step, 'undo:')))
