-- Since when the oldest of what could start waits, for each queue that is not paused: one probe of the claim index for each priority,
-- and a bounded look where paused actions may stand before it.
WITH RECURSIVE paused AS MATERIALIZED (
  SELECT held.tags, ARRAY(SELECT name FROM actions_action WHERE paused_at IS NOT NULL OR tags ?| held.tags::text[])::text[] AS names
  FROM (SELECT ARRAY(SELECT name FROM actions_tag WHERE paused_at IS NOT NULL)) AS held (tags)
), level AS (
  SELECT queue.name, (
    SELECT min(priority) FROM actions_execution WHERE queue = queue.name AND status IN ('queued', 'retrying')) AS priority
  FROM actions_queue AS queue WHERE queue.paused_at IS NULL
  UNION ALL
  SELECT level.name, (
    SELECT min(priority) FROM actions_execution
    WHERE queue = level.name AND status IN ('queued', 'retrying') AND priority > level.priority)
  FROM level WHERE level.priority IS NOT NULL
)
SELECT level.name, min(oldest.available_at)
FROM level CROSS JOIN paused CROSS JOIN LATERAL (
  SELECT first.available_at
  FROM (
    SELECT available_at, action_id, tags FROM actions_execution
    WHERE queue = level.name AND status IN ('queued', 'retrying') AND priority = level.priority AND available_at <= now()
    ORDER BY available_at, id
    LIMIT CASE WHEN paused.names = '{}' AND paused.tags = '{}' THEN 1 ELSE 10000 END) AS first
  WHERE first.action_id <> ALL (paused.names) AND NOT first.tags && paused.tags
  ORDER BY first.available_at LIMIT 1) AS oldest
GROUP BY level.name
