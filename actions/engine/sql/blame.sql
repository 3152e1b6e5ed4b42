-- The steps because of which others were skipped: those that failed, behind it or behind skipped ones behind it.
WITH RECURSIVE behind AS (
  SELECT unnest(prerequisites) AS id
  FROM actions_execution
  WHERE id = ANY(%(ids)s::uuid[])
  UNION
  SELECT unnest(step.prerequisites)
  FROM behind JOIN actions_execution AS step ON step.id = behind.id
  WHERE step.status || '' = 'skipped'
)
SELECT step.step
FROM behind JOIN actions_execution AS step ON step.id = behind.id
WHERE step.status || '' IN ('failed', 'cancelled')
ORDER BY step.optional, step.finished_at
