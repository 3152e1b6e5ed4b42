-- The failed steps that made a workflow fail, and are not behind it.
SELECT step.id, coalesce(action.kind = 'workflow', false)
FROM actions_execution AS step LEFT JOIN actions_action AS action ON action.name = step.action_id
WHERE step.parent_id = %(id)s AND step.status = 'failed' AND NOT (step.optional OR step.detached OR step.consumed)
ORDER BY step.id
