-- Attempts whose worker is gone: its lock is free, or its heartbeat is older than the lease. `database` attempts are
-- taken at once when the lock is free, because the fence makes that harmless; all others wait for the lease as well.
-- Nothing is taken within one lease of the server's start, while workers are still coming back.
SELECT execution.id, execution.attempt, execution.worker_id, execution.action_id, execution.losses, execution.tries,
  coalesce(action.effects, 'external'),
  action.hard_timeout IS NOT NULL
    AND now() >= execution.started_at + make_interval(secs => action.hard_timeout) AS timed_out,
  extract(epoch FROM execution.started_at + make_interval(secs => coalesce(action.hard_timeout, 0)) - now()),
  execution.parent_id
FROM actions_execution AS execution
  LEFT JOIN actions_action AS action ON action.name = execution.action_id
  LEFT JOIN actions_worker AS worker ON worker.id = execution.worker_id
WHERE execution.status = 'running'
  AND now() > pg_postmaster_start_time() + make_interval(secs => %(lease)s)
  AND (worker.id IS NULL
    OR worker.heartbeat_at < now() - make_interval(secs => %(lease)s)
    OR worker.gone_at IS NOT NULL AND (action.effects = 'database' OR worker.heartbeat_at < now() - make_interval(secs => %(lease)s))
    OR action.effects = 'database' AND NOT EXISTS (
      SELECT FROM pg_locks
      WHERE locktype = 'advisory' AND classid = %(lock)s AND objid = execution.worker_id::oid AND granted
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())))
ORDER BY execution.id
LIMIT 1000
FOR UPDATE OF execution SKIP LOCKED
