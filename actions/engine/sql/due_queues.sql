-- Queues with work that someone should look at now. One probe of the claim index per queue.
SELECT queue.name
FROM actions_queue AS queue
WHERE queue.paused_at IS NULL AND EXISTS (
  SELECT FROM actions_execution
  WHERE queue = queue.name AND status IN ('queued', 'retrying') AND available_at <= now()
    AND action_id <> ALL (ARRAY(SELECT name FROM actions_action WHERE paused_at IS NOT NULL)))
