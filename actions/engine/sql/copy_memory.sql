-- What the original remembered when the chosen step began, edited params of its steps among it; what follows a failure is not.
INSERT INTO actions_memory (execution_id, key, value, at)
SELECT %(id)s, key, value, memory.at
FROM actions_memory AS memory JOIN actions_execution AS chosen ON chosen.parent_id = memory.execution_id
WHERE memory.execution_id = %(original)s AND chosen.step = %(step)s AND memory.at <= chosen.created_at
  AND key NOT IN ('deadline', 'failure')
