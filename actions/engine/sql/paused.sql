-- Names of paused actions and of paused queues.
SELECT name, false FROM actions_action WHERE paused_at IS NOT NULL
UNION ALL
SELECT name, true FROM actions_queue WHERE paused_at IS NOT NULL
