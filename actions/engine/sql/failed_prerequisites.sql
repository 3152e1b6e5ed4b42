-- What these steps need and has ended without success.
SELECT DISTINCT ended.id
FROM actions_edge AS edge JOIN actions_execution AS ended ON ended.id = edge.prerequisite_id
WHERE edge.dependent_id = ANY(%(ids)s::uuid[]) AND ended.status || '' IN ('failed', 'cancelled', 'skipped')
  AND (edge.needs_result OR NOT ended.optional)
