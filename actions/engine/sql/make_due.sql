-- For tests: what waits for its time is due.
UPDATE actions_execution SET available_at = least(available_at, now() - interval '1 second')
WHERE queue = %(queue)s AND status IN ('queued', 'retrying')
