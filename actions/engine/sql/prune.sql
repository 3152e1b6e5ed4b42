-- Delete a batch of executions that ended long ago, with their attempts and secrets. The audit stays.
WITH old AS (
  SELECT id
  FROM actions_execution
  WHERE status IN ('succeeded', 'failed', 'cancelled', 'skipped')
    AND finished_at < now() - make_interval(days => %(days)s)
    AND id < %(newest)s
  ORDER BY id
  LIMIT %(size)s
  FOR UPDATE SKIP LOCKED
), attempts AS (
  DELETE FROM actions_attempt USING old WHERE execution_id = old.id
), secrets AS (
  DELETE FROM actions_executionsecret USING old WHERE execution_id = old.id
), gone AS (
  DELETE FROM actions_execution AS execution USING old WHERE execution.id = old.id RETURNING execution.id
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, action, reason, data)
  SELECT 'executions.pruned', 'system', 'platform', 'doplatform', '', '', jsonb_build_object('ids', jsonb_agg(id))
  FROM gone HAVING count(*) > 0
)
SELECT count(*) FROM gone
