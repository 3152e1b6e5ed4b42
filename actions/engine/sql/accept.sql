-- Store one execution and its audit entry in one statement. When its key is taken, the row of the one that holds it comes
-- back, and none when that was stored while this waited for it. Where `patience` is
-- given, this statement waits no longer than that for another holder of the key; it is its own transaction then.
WITH accepted AS (
  INSERT INTO actions_execution (
    id, action_id, queue, priority, status, params, fingerprint, principal, idempotency_key, replay_of_id,
    actor_kind, actor_id, actor_label, tags, has_callback, attempt, tries, losses, available_at)
  SELECT
    %(id)s::uuid, %(action)s, %(queue)s, %(priority)s::smallint, 'queued', %(params)s::jsonb, %(fingerprint)s, %(principal)s,
    %(key)s, %(replay_of)s::uuid, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(tags)s::text[],
    %(has_callback)s::boolean, 0, 0, 0,
    greatest(coalesce(%(available_at)s::timestamptz, now()), now())
  FROM (SELECT CASE WHEN %(patience)s::text IS NOT NULL THEN set_config('lock_timeout', %(patience)s::text, true) END AS set OFFSET 0)
    AS patience
  WHERE patience.set IS NULL OR patience.set <> ''
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
SELECT id, created_at, available_at, NULL AS fingerprint FROM accepted
UNION ALL
SELECT id, created_at, available_at, fingerprint::text
FROM actions_execution
WHERE %(key)s IS NOT NULL AND NOT EXISTS (SELECT FROM accepted)
  AND principal = %(principal)s AND action_id = %(action)s AND idempotency_key = %(key)s
