-- Failed workflows whose failed steps are retried wait for them again. The caller holds the locks.
WITH reopened AS (
  UPDATE actions_execution AS execution
  SET status = 'waiting', error = NULL, finished_at = NULL, awaits = item.awaits::uuid[], tries = 0, losses = 0
  FROM unnest(%(ids)s::uuid[], %(awaits)s::text[]) AS item (id, awaits)
  WHERE execution.id = item.id AND execution.status || '' = 'failed'
  RETURNING execution.id, action_id, execution.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.retried', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s,
    '{"before": "failed", "after": "waiting"}'::jsonb || coalesce(%(marks)s::jsonb, '{}')
  FROM reopened
)
SELECT id FROM reopened
