-- What these steps need and has ended without success.
SELECT DISTINCT ended.id
FROM actions_execution AS dependent CROSS JOIN LATERAL unnest(dependent.prerequisites) AS needed (id)
  JOIN actions_execution AS ended ON ended.id = needed.id
  JOIN actions_edge AS edge ON edge.prerequisite_id = ended.id AND edge.dependent_id = dependent.id
WHERE dependent.id = ANY(%(ids)s::uuid[]) AND ended.status || '' IN ('failed', 'cancelled', 'skipped')
  AND (edge.needs_result OR NOT ended.optional)
