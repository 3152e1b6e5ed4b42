-- Whether a workflow has begun to undo its steps, or will. One that only ran out of time, with nothing to undo, has not.
SELECT key
FROM actions_memory
WHERE execution_id = %(id)s AND key = 'failure' AND (value->>'code' <> 'workflow_timed_out' OR EXISTS (
  SELECT FROM actions_execution AS step WHERE step.parent_id = %(id)s AND starts_with(step.step, 'undo:')))
