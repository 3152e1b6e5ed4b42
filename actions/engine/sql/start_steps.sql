-- Store new steps of workflows: queued, or blocked until their prerequisites have ended; with their edges and audit entries.
WITH item AS MATERIALIZED (
  SELECT *
  FROM unnest(
    %(ids)s::uuid[], %(parents)s::uuid[], %(steps)s::text[], %(actions)s::text[], %(queues)s::text[],
    %(priorities)s::int[], %(statuses)s::text[], %(params)s::text[], %(fingerprints)s::text[], %(secrets)s::bytea[],
    %(tags)s::text[], %(optionals)s::bool[], %(detacheds)s::bool[], %(inputs)s::text[], %(prerequisites)s::text[],
    %(owners)s::text[], %(labels)s::text[]) WITH ORDINALITY
    AS row (id, parent, step, action, queue, priority, status, params, fingerprint, secret, tags, optional, detached, inputs,
      prerequisites, owner, label, place)
), started AS (
  INSERT INTO actions_execution (
    id, action_id, queue, priority, status, params, fingerprint, principal, actor_kind, actor_id, actor_label, tags,
    attempt, tries, losses, parent_id, step, optional, detached, inputs, prerequisites, available_at)
  SELECT id, action, queue, priority, status, params::jsonb, fingerprint, 'workflow:' || owner, 'workflow', owner, label,
    tags::text[], 0, 0, 0, parent, step, optional, detached, inputs::jsonb, prerequisites::uuid[],
    now()
  FROM item
), secret AS (
  INSERT INTO actions_executionsecret (execution_id, ciphertext)
  SELECT id, secret FROM item WHERE secret IS NOT NULL
), edges AS (
  INSERT INTO actions_edge (prerequisite_id, dependent_id, needs_result)
  SELECT * FROM unnest(%(froms)s::uuid[], %(tos)s::uuid[], %(needs)s::bool[])
)
INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, reason, data)
SELECT 'execution.accepted', 'workflow', owner, label, id, action, '',
  jsonb_build_object('params', fingerprint, 'after', status, 'parent', parent, 'step', step)
FROM item
ORDER BY place
