-- The steps below these executions that have not ended, their steps, and so on; detached ones and what is below them are on
-- their own.
WITH RECURSIVE below AS (
  SELECT id, parent_id, status FROM actions_execution WHERE parent_id = ANY(%(ids)s::uuid[]) AND NOT detached
  UNION ALL
  SELECT step.id, step.parent_id, step.status
  FROM below JOIN actions_execution AS step ON step.parent_id = below.id
  WHERE NOT step.detached
)
SELECT id FROM below WHERE status NOT IN ('succeeded', 'failed', 'cancelled', 'skipped') ORDER BY id
