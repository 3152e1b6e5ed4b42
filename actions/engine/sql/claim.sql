-- Take due executions of one queue for one worker.
--
-- The first due row decides: if its action may be grouped and it never cost a worker, every such row among the first
-- %(SIZE)s comes along; otherwise it comes alone. Rows locked and not taken are free again at the commit.
-- A claim of `database` actions alone may commit asynchronously: should the server crash and forget it, nothing of it
-- was visible, and the settle that would make its effects durable flushes it first. The worker is part of the fence, so
-- that the forgotten attempt's number can be given again.
-- All it is given stands in its text (capitals: see prepared), so that it is planned once. With parameters PostgreSQL compares
-- what a kept plan costs with what the first ones cost, when the table was small, and from then on plans each claim: 0.6 ms.
-- A tag is paused for what was asked for with it and for actions that have it; where none is, both are compared with nothing.
-- The guard is written so that no partial index fits it: on an empty queue the planner takes the claim index for a handful
-- of rows, joins by it, and then reads the whole backlog, and every dead entry, for each claim.
WITH due AS MATERIALIZED (
  SELECT id, priority, available_at, losses, action_id = ANY (%(GROUPABLE)s::text[]) AND losses = 0 AS grouped
  FROM actions_execution
  WHERE queue = %(QUEUE)s AND status IN ('queued', 'retrying') AND available_at <= now()
    AND action_id <> ALL (ARRAY(
      SELECT name FROM actions_action WHERE paused_at IS NOT NULL OR max_concurrency IS NOT NULL
        OR tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)))
    AND NOT tags && ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL)
    AND NOT EXISTS (SELECT FROM actions_queue WHERE name = %(QUEUE)s AND paused_at IS NOT NULL)
  ORDER BY priority, available_at, id
  LIMIT %(SIZE)s
  FOR UPDATE SKIP LOCKED
), picked AS MATERIALIZED (
  SELECT id
  FROM (
    SELECT id, grouped, row_number() OVER first_due AS place, first_value(grouped) OVER first_due AS together
    FROM due
    WINDOW first_due AS (ORDER BY priority, available_at, id)
  ) AS ranked
  WHERE place = 1 OR (together AND grouped)
), claimed AS (
  UPDATE actions_execution AS execution
  SET status = 'running', attempt = attempt + 1, worker_id = %(WORKER)s, started_at = now(), error = NULL,
    cancel_requested_at = NULL
  FROM picked
  WHERE execution.id = picked.id AND execution.status || '' IN ('queued', 'retrying')
  RETURNING execution.id, action_id, attempt, tries, losses, params, priority, available_at, parent_id, replay_of_id, inputs
), attempts AS (
  INSERT INTO actions_attempt (execution_id, number, worker_id, started_at)
  SELECT id, attempt, %(WORKER)s, now() FROM claimed
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, execution_id, action, attempt, reason)
  SELECT 'execution.started', 'system', 'platform', 'doplatform', id, action_id, attempt, '' FROM claimed
)
SELECT id, action_id, attempt, tries, losses, params::text,
  (SELECT ciphertext FROM actions_executionsecret WHERE execution_id = claimed.id AND action_id = ANY (%(SECRETIVE)s::text[])),
  parent_id, replay_of_id IS NOT NULL, inputs::text,
  set_config('synchronous_commit', CASE WHEN action_id = ANY (%(FORGETTABLE)s::text[]) THEN 'off' ELSE 'on' END, true)
FROM claimed
ORDER BY priority, available_at, id
