-- Steps that will not run because one that they need has ended without success, and everything behind them. An optional
-- step is needed only by those that take its result. The caller holds the locks of the workflows.
WITH RECURSIVE doomed AS (
  SELECT edge.dependent_id AS id
  FROM actions_execution AS ended JOIN actions_edge AS edge ON edge.prerequisite_id = ended.id
  WHERE ended.id = ANY(%(ids)s::uuid[]) AND ended.status || '' IN ('failed', 'cancelled', 'skipped')
    AND (edge.needs_result OR NOT ended.optional)
  UNION
  SELECT edge.dependent_id
  FROM doomed JOIN actions_execution AS step ON step.id = doomed.id
    JOIN actions_edge AS edge ON edge.prerequisite_id = step.id
  WHERE step.status || '' = 'blocked' AND (edge.needs_result OR NOT step.optional)
), skipped AS (
  UPDATE actions_execution AS execution
  SET status = 'skipped', finished_at = clock_timestamp()
  FROM doomed
  WHERE execution.id = doomed.id AND execution.status || '' = 'blocked'
  RETURNING execution.id, action_id, execution.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.skipped', 'system', 'platform', 'doplatform', id, action_id, attempt, '',
    '{"before": "blocked", "after": "skipped"}'
  FROM skipped
)
SELECT id FROM skipped
