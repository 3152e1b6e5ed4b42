-- What the original remembered from entries before the chosen step began; what follows a failure is not among it.
INSERT INTO actions_memory (execution_id, key, value, at)
SELECT %(id)s, key, value, memory.at
FROM actions_memory AS memory JOIN actions_execution AS chosen ON chosen.parent_id = memory.execution_id
WHERE memory.execution_id = %(original)s AND chosen.step = %(step)s AND memory.at < chosen.created_at
  AND key NOT IN ('deadline', 'failure') AND key NOT LIKE 'override:%%'
