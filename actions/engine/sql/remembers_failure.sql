-- Whether a workflow has begun to undo its steps. Where it ran out of time, a failure alone does not say so.
SELECT key FROM actions_memory AS memory WHERE execution_id = %(id)s AND key = 'failure' AND (
  value->>'code' <> 'workflow_timed_out' OR EXISTS (
    SELECT FROM actions_execution WHERE parent_id = memory.execution_id AND starts_with(step, 'undo:')))
