-- Keep an external event for a workflow, whose row the caller has locked, and let it go on if that is what it waits for. No
-- row comes back when the same event was told before.
WITH told AS (
  INSERT INTO actions_externalevent (
    id, execution_id, name, payload, actor_kind, actor_id, actor_label, idempotency_key)
  VALUES (%(id)s, %(execution)s, %(name)s, %(payload)s::jsonb, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(key)s)
  ON CONFLICT (execution_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
  RETURNING id
), resumed AS (
  UPDATE actions_execution AS execution
  SET status = 'queued', available_at = now(), awaits = NULL, awaited_event = NULL, wake_at = NULL
  FROM told
  WHERE execution.id = %(execution)s AND execution.status || '' = 'waiting' AND awaited_event = %(name)s
  RETURNING execution.id, action_id, queue, attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.emitted', %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(execution)s, %(action)s, %(attempt)s,
    %(reason)s, jsonb_build_object('event', %(name)s::text, 'payload', %(digest)s::text)
    || CASE WHEN EXISTS (SELECT FROM resumed) THEN '{"before": "waiting", "after": "queued"}'::jsonb ELSE '{}' END
    || coalesce(%(marks)s::jsonb, '{}')
  FROM told
)
SELECT (SELECT queue FROM resumed) FROM told
