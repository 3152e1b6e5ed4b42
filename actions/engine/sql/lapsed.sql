-- What was paused until a time that has come. Asked every few seconds of tables that have one row for each that is declared.
SELECT 'action', name FROM actions_action WHERE paused_until <= now()
UNION ALL
SELECT 'queue', name FROM actions_queue WHERE paused_until <= now()
UNION ALL
SELECT 'tag', name FROM actions_tag WHERE paused_until <= now()
