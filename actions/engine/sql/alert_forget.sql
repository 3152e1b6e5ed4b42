-- Delete alerts of longer ago than the retention, and with them their deliveries.
WITH old AS MATERIALIZED (
  SELECT id FROM actions_alert WHERE at < now() - make_interval(days => %(days)s) ORDER BY at, id LIMIT %(size)s
), deliveries AS (
  DELETE FROM actions_alertdelivery USING old WHERE alert_id = old.id
), gone AS (
  DELETE FROM actions_alert AS alert USING old WHERE alert.id = old.id RETURNING alert.id
)
SELECT count(*) FROM gone
