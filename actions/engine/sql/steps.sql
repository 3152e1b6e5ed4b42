-- The steps of a workflow, as its function meets them again.
SELECT id, step, action_id, status, result::text, error::text, fingerprint, optional, detached, consumed
FROM actions_execution
WHERE parent_id = %(id)s
