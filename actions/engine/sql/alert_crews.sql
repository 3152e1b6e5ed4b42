-- For each rule: whether a live worker serves its queue (any queue where it names none), and until when one did.
SELECT rule.id,
  EXISTS (
    SELECT FROM actions_worker
    WHERE gone_at IS NULL AND heartbeat_at >= now() - make_interval(secs => %(lease)s)
      AND (rule.queue = '' OR rule.queue = ANY (queues))),
  greatest(
    (SELECT max(heartbeat_at) FROM actions_worker WHERE gone_at IS NULL AND (rule.queue = '' OR rule.queue = ANY (queues))),
    (SELECT gone_at FROM actions_worker WHERE gone_at IS NOT NULL AND (rule.queue = '' OR rule.queue = ANY (queues))
     ORDER BY gone_at DESC LIMIT 1))
FROM unnest(%(rules)s::bigint[], %(queues)s::text[]) AS rule (id, queue)
WHERE now() > pg_postmaster_start_time() + make_interval(secs => 2 * %(lease)s)
