-- What an operator's verb needs to know of one execution.
SELECT execution.id, action_id, execution.queue, status, attempt, coalesce(action.effects, 'external'), parent_id,
  coalesce(action.kind = 'workflow', false), consumed, step,
  optional OR detached, execution.tags
FROM actions_execution AS execution LEFT JOIN actions_action AS action ON action.name = action_id
WHERE execution.id = %(id)s
