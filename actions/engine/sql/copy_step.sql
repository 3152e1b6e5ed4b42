-- A step of a replayed workflow whose result is that of the original's.
WITH copied AS (
  INSERT INTO actions_execution (
    id, action_id, queue, priority, status, params, result, error, fingerprint, principal, actor_kind, actor_id, actor_label,
    tags, attempt, tries, losses, parent_id, step, optional, detached, consumed, inputs, prerequisites, replay_of_id,
    available_at, started_at, finished_at)
  VALUES (
    %(id)s, %(action)s, %(queue)s, %(priority)s, %(status)s, %(params)s::jsonb, %(result)s::jsonb, %(error)s::jsonb,
    %(fingerprint)s, 'workflow:' || %(owner)s::text, 'workflow', %(owner)s, %(label)s, %(tags)s::text[], 0, 0, 0, %(parent)s,
    %(step)s, %(optional)s, %(detached)s, %(consumed)s, %(inputs)s::jsonb, %(prerequisites)s::uuid[], %(original)s,
    %(started_at)s, %(started_at)s, %(finished_at)s)
), secret AS (
  INSERT INTO actions_executionsecret (execution_id, ciphertext)
  SELECT %(id)s, %(secret)s::bytea WHERE %(secret)s::bytea IS NOT NULL
)
INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, reason, data)
VALUES ('execution.accepted', 'workflow', %(owner)s, %(label)s, %(id)s, %(action)s, '', %(data)s::jsonb)
