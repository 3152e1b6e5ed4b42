-- Which of these have ended, as far as somebody who waits for them is concerned.
SELECT id FROM actions_execution
WHERE id = ANY(%(ids)s::uuid[]) AND status || '' IN ('succeeded', 'failed', 'cancelled', 'skipped', 'in_doubt')
