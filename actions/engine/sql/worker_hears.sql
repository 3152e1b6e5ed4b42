-- Whether a worker's process is connected: it holds its lock, which ends with its session, and its heartbeat is fresh.
SELECT heartbeat_at > now() - make_interval(secs => %(lease)s) AND EXISTS (
  SELECT FROM pg_locks
  WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %(lock)s::oid AND objid = worker.id::oid
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
FROM actions_worker AS worker WHERE id = %(id)s
