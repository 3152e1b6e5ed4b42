-- settle for one attempt: the same fence and the same record, with scalars, so that one plan serves for good.
-- The fence is written so that only the primary key fits it: the index of running ones is full of this worker's past.
WITH settled AS (
  UPDATE actions_execution AS execution
  SET status = %(status)s::text, result = %(result)s::jsonb,
    error = CASE WHEN %(status)s::text IN ('failed', 'retrying', 'in_doubt') THEN %(error)s::jsonb END,
    tries = tries + %(tries)s::int, losses = losses + %(losses)s::int, worker_id = NULL,
    available_at = CASE WHEN %(status)s::text = 'retrying'
      THEN clock_timestamp() + make_interval(secs => %(delay)s::float8) ELSE available_at END,
    finished_at = CASE WHEN %(status)s::text IN ('succeeded', 'failed', 'cancelled', 'skipped') THEN clock_timestamp() END
  WHERE id = %(id)s::uuid AND attempt = %(attempt)s::int AND worker_id + 0 = %(worker)s::int AND status || '' = 'running'
  RETURNING id, attempt, action_id
), attempts AS (
  UPDATE actions_attempt
  SET outcome = %(outcome)s::text, error = %(error)s::jsonb, finished_at = clock_timestamp(), duration = %(duration)s::float8,
    lines = %(lines)s::jsonb, progress = coalesce(%(progress)s::jsonb, progress)
  WHERE execution_id = %(id)s::uuid AND number = %(attempt)s::int AND EXISTS (SELECT FROM settled)
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT %(verb)s::text, 'system', 'platform', 'doplatform', id, action_id, attempt, '', %(details)s::jsonb FROM settled
), mark AS (
  DELETE FROM actions_unsettled WHERE worker_id = %(worker)s::int RETURNING worker_id
)
SELECT id, pg_current_xact_id()::text, EXISTS (SELECT FROM mark) FROM settled
