-- Somebody says of a failure that it is handled, or after all is not. No row comes back when the execution is no longer as the
-- operator saw it. The status stays: one that is retried and fails again has another attempt, and so is open.
WITH marked AS (
  UPDATE actions_execution
  SET handled_attempt = CASE WHEN %(handled)s::boolean THEN attempt END,
    handled_at = CASE WHEN %(handled)s::boolean THEN now() END,
    handled_by = CASE WHEN %(handled)s::boolean THEN %(actor_label)s::text END,
    handled_reason = CASE WHEN %(handled)s::boolean THEN %(reason)s::text END
  WHERE id = %(id)s AND status || '' = 'failed' AND attempt = %(attempt)s
    AND (handled_attempt IS NOT DISTINCT FROM attempt) <> %(handled)s::boolean
  RETURNING id, action_id, attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT CASE WHEN %(handled)s::boolean THEN 'execution.handled' ELSE 'execution.reopened' END,
    %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s, %(marks)s::jsonb
  FROM marked
)
SELECT id FROM marked
