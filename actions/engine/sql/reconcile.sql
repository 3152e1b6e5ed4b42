-- Every execution beside what the audit says of it: one snapshot of both. Ids of one execution's entries rise as they
-- were written, because every change holds the execution's row.
SELECT execution.id, execution.action_id, execution.status, execution.attempt, execution.fingerprint,
  execution.params::text, execution.result::text,
  EXISTS (SELECT FROM actions_executionsecret WHERE execution_id = execution.id)
    OR EXISTS (SELECT FROM actions_action WHERE name = execution.action_id AND secret_params <> '[]') AS secret,
  told.accepted, told.params, told.available_at, told.status, told.attempt, told.result, told.entry
FROM actions_execution AS execution
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE verb = 'execution.accepted') AS accepted,
    min(data->>'params') FILTER (WHERE verb = 'execution.accepted') AS params,
    min(data->>'available_at') FILTER (WHERE verb = 'execution.accepted') AS available_at,
    (array_agg(after ORDER BY id DESC) FILTER (WHERE after IS NOT NULL))[1] AS status,
    coalesce(max(entry.attempt) FILTER (WHERE verb = 'execution.started'), 0) AS attempt,
    (array_agg(data->>'result' ORDER BY id DESC) FILTER (WHERE after IS NOT NULL))[1] AS result,
    max(id) AS entry
  FROM (
    SELECT *, coalesce(data->>'after', CASE verb WHEN 'execution.accepted' THEN 'queued' WHEN 'execution.started'
      THEN 'running' WHEN 'execution.succeeded' THEN 'succeeded' END) AS after
    FROM actions_auditentry
    WHERE execution_id = execution.id
  ) AS entry
) AS told ON true
ORDER BY execution.id
