-- Take due executions of one limited action, whose row the caller has locked and whose free slots it has counted.
WITH picked AS MATERIALIZED (
  SELECT id
  FROM actions_execution
  WHERE queue = %(queue)s AND action_id = %(action)s AND status IN ('queued', 'retrying') AND available_at <= now()
    AND NOT EXISTS (SELECT FROM actions_queue WHERE name = %(queue)s AND paused_at IS NOT NULL)
    AND NOT tags && ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL)
  ORDER BY priority, available_at, id
  LIMIT 1
  FOR UPDATE SKIP LOCKED
), claimed AS (
  UPDATE actions_execution AS execution
  SET status = 'running', attempt = attempt + 1, worker_id = %(worker)s, started_at = now(), error = NULL,
    cancel_requested_at = NULL
  FROM picked
  WHERE execution.id = picked.id AND execution.status || '' IN ('queued', 'retrying')
  RETURNING execution.id, action_id, attempt, tries, losses, params, parent_id, replay_of_id, inputs
), attempts AS (
  INSERT INTO actions_attempt (execution_id, number, worker_id, started_at)
  SELECT id, attempt, %(worker)s, now() FROM claimed
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason)
  SELECT 'execution.started', 'system', 'platform', 'doplatform', id, action_id, attempt, '' FROM claimed
)
SELECT id, action_id, attempt, tries, losses, params::text,
  (SELECT ciphertext FROM actions_executionsecret WHERE execution_id = claimed.id),
  parent_id, replay_of_id IS NOT NULL, inputs::text
FROM claimed
