-- What was paused until a time that has come: its kind, its key, and what it is called. Asked every few seconds of tables that
-- have one row for each that is declared, was paused, or is asked for by the clock.
SELECT 'action', name, name FROM actions_action WHERE paused_until <= now()
UNION ALL
SELECT 'queue', name, name FROM actions_queue WHERE paused_until <= now()
UNION ALL
SELECT 'tag', name, name FROM actions_tag WHERE paused_until <= now()
UNION ALL
SELECT 'schedule', id::text, action_id || '/' || name FROM actions_schedule WHERE paused_until <= now()
