-- Settle attempts in the name of a worker that is gone; same fence as settle, by that worker's own id.
-- What is queued again keeps its place: behind a backlog, a lost worker would cost its executions their whole wait anew.
WITH lost AS MATERIALIZED (
  SELECT *
  FROM unnest(
    %(ids)s::uuid[], %(attempts)s::int[], %(workers)s::int[], %(statuses)s::text[], %(outcomes)s::text[],
    %(errors)s::text[], %(delays)s::float8[], %(tries)s::int[], %(losses)s::int[])
    AS row (id, attempt, worker, status, outcome, error, delay, tries, losses)
), settled AS (
  UPDATE actions_execution AS execution
  SET status = lost.status,
    error = CASE WHEN lost.status IN ('failed', 'retrying', 'in_doubt') THEN lost.error::jsonb END,
    tries = execution.tries + lost.tries, losses = execution.losses + lost.losses, worker_id = NULL,
    available_at = CASE WHEN lost.status = 'retrying'
      THEN now() + make_interval(secs => lost.delay) ELSE execution.available_at END,
    finished_at = CASE WHEN lost.status IN ('failed', 'cancelled') THEN now() END
  FROM lost
  WHERE execution.id = lost.id AND execution.attempt = lost.attempt AND execution.worker_id + 0 = lost.worker
    AND execution.status || '' = 'running'
  RETURNING execution.id, execution.attempt, execution.action_id, execution.queue, lost.status, lost.outcome, lost.error,
    lost.worker
), attempts AS (
  UPDATE actions_attempt AS attempt
  SET outcome = settled.outcome, error = settled.error::jsonb, finished_at = now()
  FROM settled
  WHERE attempt.execution_id = settled.id AND attempt.number = settled.attempt
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT 'execution.rescued', 'system', 'platform', 'doplatform', id, action_id, attempt, '',
    jsonb_build_object('before', 'running', 'after', status, 'outcome', outcome, 'worker', worker)
  FROM settled
)
SELECT id, queue, status FROM settled
