-- Delete a batch of executions that ended long ago, with all that belongs to them. The audit stays. A workflow goes with its
-- steps, and not before the last of them has ended as long ago: they are its memory.
WITH RECURSIVE old AS MATERIALIZED (
  SELECT id
  FROM actions_execution
  WHERE status IN ('succeeded', 'failed', 'cancelled', 'skipped')
    AND finished_at < now() - make_interval(days => %(days)s)
    AND id < %(newest)s AND parent_id IS NULL
  ORDER BY id
  LIMIT %(size)s
  FOR UPDATE SKIP LOCKED
), tree AS (
  SELECT id, id AS root, true AS ended FROM old
  UNION ALL
  SELECT step.id, tree.root, coalesce(step.finished_at < now() - make_interval(days => %(days)s), false)
  FROM tree JOIN actions_execution AS step ON step.parent_id = tree.id
), going AS MATERIALIZED (
  SELECT id FROM tree WHERE root NOT IN (SELECT root FROM tree WHERE NOT ended)
), attempts AS (
  DELETE FROM actions_attempt USING going WHERE execution_id = going.id
), secrets AS (
  DELETE FROM actions_executionsecret USING going WHERE execution_id = going.id
), edges AS (
  DELETE FROM actions_edge USING going WHERE prerequisite_id = going.id
), memories AS (
  DELETE FROM actions_memory USING going WHERE execution_id = going.id
), events AS (
  DELETE FROM actions_externalevent USING going WHERE execution_id = going.id
), callbacks AS (
  DELETE FROM actions_callback USING going WHERE execution_id = going.id
), deliveries AS (
  DELETE FROM actions_delivery USING going WHERE execution_id = going.id
), keys AS (
  DELETE FROM actions_verbkey USING going WHERE execution_id = going.id
), gone AS (
  DELETE FROM actions_execution AS execution USING going WHERE execution.id = going.id RETURNING execution.id
), audit AS (
  INSERT INTO actions_auditentry (verb, actor_kind, actor_id, actor_label, action, reason, data)
  SELECT 'executions.pruned', 'system', 'platform', 'doplatform', '', '', jsonb_build_object('ids', jsonb_agg(id))
  FROM gone HAVING count(*) > 0
)
SELECT count(*) FROM gone
