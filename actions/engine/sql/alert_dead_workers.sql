-- Workers whose heartbeat has stopped without their saying so: silent ones, and those that were marked as gone for it since
-- %(bound)s. Who leaves in good order is marked while the heartbeat is fresh. None within a lease of the server's start, when all are
-- still coming back.
SELECT id, name, host, pid, queues, heartbeat_at
FROM (
  SELECT * FROM actions_worker WHERE gone_at IS NULL
  UNION ALL
  SELECT * FROM actions_worker WHERE gone_at > %(bound)s AND gone_at > heartbeat_at + make_interval(secs => %(lease)s)) AS worker
WHERE heartbeat_at < now() - make_interval(secs => %(lease)s)
  AND now() > pg_postmaster_start_time() + make_interval(secs => 2 * %(lease)s)
ORDER BY host, id
LIMIT 1000
