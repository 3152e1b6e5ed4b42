-- Store many executions of one action, with their audit entries; only those whose key was free come back.
WITH accepted AS (
  INSERT INTO actions_execution (
    id, action_id, queue, priority, status, params, fingerprint, principal, idempotency_key,
    actor_kind, actor_id, actor_label, tags, has_callback, attempt, tries, losses, available_at)
  SELECT
    item.id, %(action)s, %(queue)s, %(priority)s, 'queued', item.params::jsonb, item.fingerprint, item.principal, item.key,
    %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(tags)s::text[], %(has_callback)s::boolean, 0, 0, 0,
    greatest(coalesce(%(available_at)s::timestamptz, now()), now())
  FROM unnest(%(ids)s::uuid[], %(params)s::text[], %(fingerprints)s::text[], %(principals)s::text[], %(keys)s::text[])
    AS item (id, params, fingerprint, principal, key)
  ON CONFLICT (principal, action_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
  RETURNING id, fingerprint
), secret AS (
  INSERT INTO actions_executionsecret (execution_id, ciphertext)
  SELECT accepted.id, item.ciphertext
  FROM accepted JOIN unnest(%(ids)s::uuid[], %(secrets)s::bytea[]) AS item (id, ciphertext) USING (id)
  WHERE item.ciphertext IS NOT NULL
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, reason, data)
  SELECT 'execution.accepted', %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, %(action)s, '',
    jsonb_strip_nulls(jsonb_build_object('params', fingerprint, 'available_at', %(sent)s::text))
    || coalesce(%(marks)s::jsonb, '{}')
  FROM accepted
)
SELECT id FROM accepted
