-- Steps of a workflow whose results a replay from one of its steps keeps: what ended before that one could have mattered to
-- it, and is not behind it in the graph. A step that ran in line ended before its workflow function went on, so that whatever
-- was begun after it came after it; beside any other step, the function began whatever was stored before that step ended.
WITH RECURSIVE chosen AS (
  SELECT id, created_at, finished_at, coalesce(available_at > started_at, false) AS in_line
  FROM actions_execution WHERE parent_id = %(workflow)s AND step = %(step)s
), behind AS (
  SELECT edge.dependent_id AS id FROM chosen JOIN actions_edge AS edge ON edge.prerequisite_id = chosen.id
  UNION
  SELECT edge.dependent_id FROM behind JOIN actions_edge AS edge ON edge.prerequisite_id = behind.id
)
SELECT step.id, step.step, action_id, queue, priority, status, params::text, result::text, error::text, fingerprint, tags,
  optional, detached, consumed, inputs::text, prerequisites, started_at, step.finished_at,
  (SELECT ciphertext FROM actions_executionsecret WHERE execution_id = step.id)
FROM actions_execution AS step, chosen
WHERE step.parent_id = %(workflow)s AND step.id <> chosen.id AND step.step NOT LIKE 'undo:%%'
  AND (step.status = 'succeeded' OR step.status = 'failed' AND step.consumed)
  AND CASE WHEN chosen.in_line THEN step.id < chosen.id
    ELSE step.created_at < coalesce(chosen.finished_at, 'infinity') END
  AND step.id NOT IN (SELECT id FROM behind)
  -- What was undone, or may have been, does not stand any more.
  AND NOT EXISTS (
    SELECT FROM actions_execution AS undo
    WHERE undo.parent_id = %(workflow)s AND undo.step = 'undo:' || step.step AND undo.attempt > 0)
ORDER BY step.id
