-- How long the newest executions of each rule's action ran that ended in its window: at most 1,000 each, by the index on
-- (action, id); the pair of bounds means equality, and leaves that index alone to give the order.
SELECT rule.id, rule.action, count(*),
  percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM ended.finished_at - ended.started_at)::float8)
FROM unnest(%(rules)s::bigint[], %(actions)s::text[], %(windows)s::int[], %(lows)s::uuid[]) AS rule (id, action, span, low)
CROSS JOIN LATERAL (
  SELECT newest.started_at, newest.finished_at
  FROM (
    SELECT status, started_at, finished_at FROM actions_execution
    WHERE action_id >= rule.action AND action_id <= rule.action AND id >= rule.low
    ORDER BY action_id DESC, id DESC LIMIT 1000) AS newest
  WHERE newest.status IN ('succeeded', 'failed') AND newest.started_at IS NOT NULL
    AND newest.finished_at >= now() - make_interval(secs => rule.span)) AS ended
GROUP BY rule.id, rule.action
