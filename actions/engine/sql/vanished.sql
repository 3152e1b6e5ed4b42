-- Executions that were accepted, are here no more, and were not pruned.
SELECT entry.execution_id, min(entry.id)
FROM actions_auditentry AS entry
WHERE entry.verb = 'execution.accepted'
  AND NOT EXISTS (SELECT FROM actions_execution WHERE id = entry.execution_id)
  AND entry.execution_id NOT IN (
    SELECT pruned.id::uuid
    FROM actions_auditentry, jsonb_array_elements_text(data->'ids') AS pruned (id)
    WHERE verb = 'executions.pruned')
GROUP BY entry.execution_id
ORDER BY 2
LIMIT 100
