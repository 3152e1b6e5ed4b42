-- Steps that were skipped because of these, and everything behind them, may run after all. The caller holds the locks.
WITH RECURSIVE behind AS (
  SELECT edge.dependent_id AS id
  FROM actions_edge AS edge JOIN actions_execution AS step ON step.id = edge.prerequisite_id
  WHERE edge.prerequisite_id = ANY(%(ids)s::uuid[]) AND (edge.needs_result OR NOT step.optional)
  UNION
  SELECT edge.dependent_id
  FROM behind JOIN actions_execution AS step ON step.id = behind.id
    JOIN actions_edge AS edge ON edge.prerequisite_id = step.id
  WHERE step.status || '' = 'skipped' AND (edge.needs_result OR NOT step.optional)
), revived AS (
  UPDATE actions_execution AS execution
  SET status = 'blocked', finished_at = NULL
  FROM behind
  WHERE execution.id = behind.id AND execution.status || '' = 'skipped' AND NOT execution.consumed
  RETURNING execution.id, action_id, execution.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.revived', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s,
    '{"before": "skipped", "after": "blocked"}'::jsonb || coalesce(%(marks)s::jsonb, '{}')
  FROM revived
)
SELECT id FROM revived
