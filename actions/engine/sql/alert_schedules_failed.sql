-- Schedules whose last due time started nothing, since each rule watches, where the rule has not told of that time. Those that are
-- paused, or not in the code any more, do nothing on purpose.
SELECT rule.id, schedule.id, schedule.action_id, schedule.name, schedule.last_error, schedule.last_error_at
FROM unnest(%(rules)s::bigint[], %(sinces)s::timestamptz[]) AS rule (id, since)
JOIN actions_schedule AS schedule ON schedule.last_error_at >= rule.since
WHERE schedule.last_error <> '' AND schedule.paused_at IS NULL AND NOT schedule.withdrawn
  AND NOT EXISTS (
    SELECT FROM actions_alert
    WHERE rule_id = rule.id AND subject = schedule.action_id || '/' || schedule.name
      AND (details->>'due_at')::timestamptz >= schedule.last_error_at)
ORDER BY schedule.last_error_at, schedule.id
LIMIT 5000
