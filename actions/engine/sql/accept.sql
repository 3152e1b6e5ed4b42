-- Store one execution and its audit entry in one statement. No row comes back when its key is taken.
WITH accepted AS (
  INSERT INTO actions_execution (
    id, action_id, queue, priority, status, params, fingerprint, principal, idempotency_key, replay_of_id,
    actor_kind, actor_id, actor_label, tags, has_callback, attempt, tries, losses, available_at)
  VALUES (
    %(id)s, %(action)s, %(queue)s, %(priority)s, 'queued', %(params)s::jsonb, %(fingerprint)s, %(principal)s,
    %(key)s, %(replay_of)s, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(tags)s::text[], %(has_callback)s::boolean, 0, 0, 0,
    greatest(coalesce(%(available_at)s::timestamptz, now()), now()))
  ON CONFLICT (principal, action_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
  RETURNING id, created_at, available_at
), secret AS (
  INSERT INTO actions_executionsecret (execution_id, ciphertext)
  SELECT id, %(secret)s::bytea FROM accepted WHERE %(secret)s::bytea IS NOT NULL
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, reason, data)
  SELECT 'execution.accepted', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, %(action)s, %(reason)s, %(data)s::jsonb
  FROM accepted
)
SELECT id, created_at, available_at FROM accepted
