-- Store steps that ran in line, as they ended: the execution, its one attempt, and the three entries of its life.
-- Entries are numbered in the order of the last lines: an execution's ids must rise as its life went.
WITH item AS MATERIALIZED (
  SELECT *
  FROM unnest(
    %(ids)s::uuid[], %(parents)s::uuid[], %(steps)s::text[], %(actions)s::text[], %(queues)s::text[],
    %(priorities)s::int[], %(statuses)s::text[], %(params)s::text[], %(fingerprints)s::text[], %(secrets)s::bytea[],
    %(tags)s::text[], %(inputs)s::text[], %(prerequisites)s::text[], %(owners)s::text[], %(labels)s::text[],
    %(outcomes)s::text[], %(verbs)s::text[], %(results)s::text[], %(errors)s::text[], %(delays)s::float8[], %(tries)s::int[],
    %(losses)s::int[], %(ages)s::float8[], %(durations)s::float8[], %(lines)s::text[], %(progress)s::text[],
    %(details)s::text[]) WITH ORDINALITY
    AS row (id, parent, step, action, queue, priority, status, params, fingerprint, secret, tags, inputs, prerequisites,
      owner, label, outcome, verb, result, error, delay, tries, losses, age, duration, lines, progress, details, place)
), recorded AS (
  INSERT INTO actions_execution (
    id, action_id, queue, priority, status, params, fingerprint, principal, actor_kind, actor_id, actor_label, tags,
    attempt, tries, losses, parent_id, step, inputs, prerequisites, result, error, available_at, started_at, finished_at)
  SELECT id, action, queue, priority, status, params::jsonb, fingerprint, 'workflow:' || owner, 'workflow', owner, label,
    tags::text[], 1, tries, losses, parent, step, inputs::jsonb, prerequisites::uuid[], result::jsonb,
    CASE WHEN status IN ('failed', 'retrying', 'in_doubt') THEN error::jsonb END,
    clock_timestamp() + make_interval(secs => delay), clock_timestamp() - make_interval(secs => age),
    CASE WHEN status IN ('succeeded', 'failed', 'cancelled', 'skipped')
      THEN clock_timestamp() - make_interval(secs => age - duration) END
  FROM item
), secret AS (
  INSERT INTO actions_executionsecret (execution_id, ciphertext)
  SELECT id, secret FROM item WHERE secret IS NOT NULL
), attempts AS (
  INSERT INTO actions_attempt (
    execution_id, number, worker_id, started_at, finished_at, duration, outcome, error, lines, progress)
  SELECT id, 1, %(worker)s, clock_timestamp() - make_interval(secs => age),
    clock_timestamp() - make_interval(secs => age - duration), duration, outcome, error::jsonb, lines::jsonb, progress::jsonb
  FROM item
), edges AS (
  INSERT INTO actions_edge (prerequisite_id, dependent_id, needs_result)
  SELECT * FROM unnest(%(froms)s::uuid[], %(tos)s::uuid[], %(needs)s::bool[])
)
INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
SELECT stage.verb, stage.kind, stage.actor, stage.label, item.id, item.action, stage.attempt, '', stage.data
FROM item CROSS JOIN LATERAL (VALUES
  (1, 'execution.accepted', 'workflow', owner, label, NULL::int,
    jsonb_build_object('params', fingerprint, 'parent', parent, 'step', step)),
  (2, 'execution.started', 'system', 'platform', 'doplatform', 1, NULL),
  (3, item.verb, 'system', 'platform', 'doplatform', 1, details::jsonb)
) AS stage (number, verb, kind, actor, label, attempt, data)
ORDER BY place, stage.number
