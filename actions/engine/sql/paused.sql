-- Names of actions that are paused, by themselves or by one of their tags, and of paused queues.
SELECT name, false FROM actions_action
WHERE paused_at IS NOT NULL OR tags ?| ARRAY(SELECT name::text FROM actions_tag WHERE paused_at IS NOT NULL)
UNION ALL
SELECT name, true FROM actions_queue WHERE paused_at IS NOT NULL
