-- Delete a batch of the items of bulk operations that ended long ago, and the operations that have none left. One that never
-- ended goes when the execution that did it is gone. The audit keeps who asked for what, and why.
WITH old AS MATERIALIZED (
  SELECT id
  FROM actions_bulkoperation AS operation
  WHERE coalesce(finished_at, created_at) < now() - make_interval(days => %(days)s)
    AND (finished_at IS NOT NULL OR NOT EXISTS (SELECT FROM actions_execution WHERE id = operation.execution_id))
), batch AS MATERIALIZED (
  SELECT item.operation_id, item.position
  FROM old JOIN actions_bulkitem AS item ON item.operation_id = old.id
  ORDER BY item.operation_id, item.position
  LIMIT %(size)s
), items AS (
  DELETE FROM actions_bulkitem AS item USING batch
  WHERE item.operation_id = batch.operation_id AND item.position = batch.position
  RETURNING item.operation_id
), gone AS (
  DELETE FROM actions_bulkoperation AS operation USING old
  WHERE operation.id = old.id AND NOT EXISTS (SELECT FROM actions_bulkitem WHERE operation_id = old.id)
), selections AS (
  DELETE FROM actions_bulkselection WHERE created_at < now() - interval '1 day'
)
SELECT count(*) FROM items
