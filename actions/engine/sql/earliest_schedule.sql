-- The database's time, and when the next schedule is due.
SELECT clock_timestamp(), min(next_at) FROM actions_schedule
