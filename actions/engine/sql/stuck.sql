-- What should have gone on and did not: blocked steps whose prerequisites have ended, workflows whose awaited steps have. A
-- safety net; there are none unless somebody edited rows by hand.
SELECT id, parent_id
FROM actions_execution AS waiting
WHERE status IN ('blocked', 'waiting') AND coalesce(awaits, prerequisites) IS NOT NULL
  AND (status = 'blocked' OR awaits IS NOT NULL) AND NOT EXISTS (
    SELECT FROM unnest(CASE WHEN status = 'blocked' THEN prerequisites ELSE awaits END) AS awaited (id)
      JOIN actions_execution AS step ON step.id = awaited.id
    WHERE step.status || '' NOT IN ('succeeded', 'failed', 'cancelled', 'skipped'))
ORDER BY id
LIMIT 1000
