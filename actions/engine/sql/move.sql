-- One operator's verb on one execution: the guarded change and its audit entry. No row comes back when the execution is
-- no longer as the operator saw it.
WITH moved AS (
  UPDATE actions_execution
  SET status = %(after)s::text, result = CASE WHEN %(after)s::text = 'succeeded' THEN %(result)s::jsonb ELSE result END,
    error = CASE WHEN %(after)s::text IN ('failed', 'retrying', 'in_doubt') THEN coalesce(%(error)s::jsonb, error) END,
    tries = CASE WHEN %(fresh)s::boolean THEN 0 ELSE tries + %(tries)s::int END,
    losses = CASE WHEN %(fresh)s::boolean THEN 0 ELSE losses END,
    worker_id = NULL, available_at = CASE WHEN %(after)s::text = 'queued'
      THEN now() + make_interval(secs => %(delay)s::float8) ELSE available_at END,
    cancel_requested_at = NULL, awaits = NULL, awaited_event = NULL, wake_at = NULL,
    finished_at = CASE WHEN %(after)s::text IN ('succeeded', 'failed', 'cancelled', 'skipped') THEN clock_timestamp() END
  WHERE id = %(id)s AND status = %(before)s::text AND attempt = %(attempt)s
  RETURNING id, action_id, queue, attempt
), attempt AS (
  UPDATE actions_attempt AS attempt
  SET outcome = %(outcome)s::text, finished_at = clock_timestamp()
  FROM moved
  WHERE attempt.execution_id = moved.id AND attempt.number = moved.attempt AND attempt.outcome IS NULL
    AND %(outcome)s::text IS NOT NULL
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason, data)
  SELECT %(verb)s, %(actor_kind)s, %(actor_id)s, %(actor_label)s, id, action_id, attempt, %(reason)s,
    jsonb_build_object('before', %(before)s::text, 'after', %(after)s::text) || coalesce(%(data)s::jsonb, '{}')
      || coalesce(%(marks)s::jsonb, '{}')
  FROM moved
)
SELECT queue FROM moved
