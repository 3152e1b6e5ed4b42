-- Record how attempts of one worker ended. Fenced by (id, attempt, worker, running): a row that was taken over or
-- cancelled does not come back, and the caller rolls everything back. Deletes the worker's unsettled mark.
-- What is given back, or lost with its connection, keeps its place in the queue.
-- The fence is written so that only the primary key fits it: the index of running ones is full of this worker's past.
WITH ended AS MATERIALIZED (
  SELECT *
  FROM unnest(
    %(ids)s::uuid[], %(attempts)s::int[], %(statuses)s::text[], %(outcomes)s::text[], %(results)s::text[],
    %(errors)s::text[], %(delays)s::float8[], %(tries)s::int[], %(losses)s::int[], %(durations)s::float8[],
    %(lines)s::text[], %(progress)s::text[], %(details)s::text[], %(verbs)s::text[])
    AS row (id, attempt, status, outcome, result, error, delay, tries, losses, duration, lines, progress, details, verb)
), settled AS (
  UPDATE actions_execution AS execution
  SET status = ended.status, result = ended.result::jsonb, error = CASE WHEN ended.status IN ('failed', 'retrying', 'in_doubt')
      THEN ended.error::jsonb END,
    tries = execution.tries + ended.tries, losses = execution.losses + ended.losses, worker_id = NULL,
    available_at = CASE WHEN ended.status = 'retrying'
      THEN clock_timestamp() + make_interval(secs => ended.delay) ELSE execution.available_at END,
    finished_at = CASE WHEN ended.status IN ('succeeded', 'failed', 'cancelled', 'skipped') THEN clock_timestamp() END
  FROM ended
  WHERE execution.id = ended.id AND execution.attempt = ended.attempt AND execution.worker_id + 0 = %(worker)s
    AND execution.status || '' = 'running'
  RETURNING execution.id, execution.attempt, execution.action_id, ended.status, ended.outcome, ended.error, ended.duration,
    ended.lines, ended.progress, ended.details, ended.verb
), attempts AS (
  UPDATE actions_attempt AS attempt
  SET outcome = settled.outcome, error = settled.error::jsonb, finished_at = clock_timestamp(),
    duration = settled.duration, lines = settled.lines::jsonb,
    progress = coalesce(settled.progress::jsonb, attempt.progress)
  FROM settled
  WHERE attempt.execution_id = settled.id AND attempt.number = settled.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT verb, 'system', 'platform', 'doplatform', id, action_id, attempt, '', details::jsonb
  FROM settled
), mark AS (
  DELETE FROM actions_unsettled WHERE worker_id = %(worker)s RETURNING worker_id
)
SELECT id, pg_current_xact_id()::text, EXISTS (SELECT FROM mark) FROM settled
