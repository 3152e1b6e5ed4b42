-- Schedules that are due for longer than so many seconds, the longest first.
SELECT action_id, name, next_at
FROM actions_schedule
WHERE next_at < now() - make_interval(secs => %(seconds)s)
ORDER BY next_at, id
LIMIT 5000
