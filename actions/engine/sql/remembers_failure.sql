-- Whether a workflow has begun to undo its steps, or ran out of time.
SELECT key FROM actions_memory WHERE execution_id = %(id)s AND key = 'failure' AND value->>'code' <> 'workflow_timed_out'
