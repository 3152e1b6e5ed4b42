-- Ask a running attempt to stop; it sees this at its next heartbeat.
WITH asked AS (
  UPDATE actions_execution SET cancel_requested_at = now()
  WHERE id = %(id)s AND status = 'running' AND attempt = %(attempt)s AND cancel_requested_at IS NULL
  RETURNING id, action_id, attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.cancel_requested', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s,
    %(marks)s::jsonb
  FROM asked
)
SELECT id FROM asked
