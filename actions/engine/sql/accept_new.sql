-- Store one execution that has no key and no secrets, and its audit entry. Nothing can be in its way, so that nothing is
-- looked for: accept.sql can do the same, and costs the server more.
WITH audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, reason, data)
  VALUES (
    'execution.accepted', %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(id)s::uuid, %(action)s, %(reason)s,
    %(data)s::jsonb)
)
INSERT INTO actions_execution (
  id, action_id, queue, priority, status, params, fingerprint, principal, replay_of_id,
  actor_kind, actor_id, actor_label, tags, has_callback, attempt, tries, losses, available_at)
VALUES (
  %(id)s::uuid, %(action)s, %(queue)s, %(priority)s::smallint, 'queued', %(params)s::jsonb, %(fingerprint)s, %(principal)s,
  %(replay_of)s::uuid, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(tags)s::text[],
  %(has_callback)s::boolean, 0, 0, 0, greatest(%(available_at)s::timestamptz, now()))
RETURNING id, created_at, available_at, NULL
