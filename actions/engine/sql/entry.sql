-- One audit entry by itself, for what is not a change of status.
INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
VALUES (%(verb)s, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(execution)s, %(action)s, %(attempt)s, %(reason)s,
  CASE WHEN %(marks)s::jsonb IS NULL THEN %(data)s::jsonb ELSE coalesce(%(data)s::jsonb, '{}') || %(marks)s::jsonb END)
