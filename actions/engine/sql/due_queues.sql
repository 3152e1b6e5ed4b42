-- Let workflows whose time has come go on, and tell the queues with work that someone should look at now: one probe of the
-- claim index per queue. One statement, because this is asked every second.
WITH due AS MATERIALIZED (
  SELECT id
  FROM actions_execution
  WHERE status = 'waiting' AND wake_at <= now()
  ORDER BY id
  LIMIT 1000
  FOR UPDATE SKIP LOCKED
), resumed AS (
  UPDATE actions_execution AS execution
  SET status = 'queued', available_at = now(), awaits = NULL, awaited_event = NULL, wake_at = NULL
  FROM due
  WHERE execution.id = due.id AND execution.status || '' = 'waiting'
  RETURNING execution.id, action_id, queue, attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.resumed', 'system', 'platform', 'doplatform', id, action_id, attempt, '',
    '{"before": "waiting", "after": "queued", "because": "time"}'
  FROM resumed
)
SELECT queue.name
FROM actions_queue AS queue
WHERE queue.paused_at IS NULL AND EXISTS (
  SELECT FROM actions_execution
  WHERE queue = queue.name AND status IN ('queued', 'retrying') AND available_at <= now()
    AND action_id <> ALL (ARRAY(
      SELECT name FROM actions_action WHERE paused_at IS NOT NULL
        OR tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)))
    AND NOT tags && ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL))
UNION
SELECT queue FROM resumed
