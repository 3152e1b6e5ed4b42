-- The pauses that keep an execution from starting, by its action, its queue and its tags.
SELECT 'action', name, paused_by, paused_reason, paused_until FROM actions_action
WHERE name = %(action)s AND paused_at IS NOT NULL
UNION ALL
SELECT 'queue', name, paused_by, paused_reason, paused_until FROM actions_queue
WHERE name = %(queue)s AND paused_at IS NOT NULL
UNION ALL
SELECT 'tag', name, paused_by, paused_reason, paused_until FROM actions_tag
WHERE name = ANY (%(tags)s) AND paused_at IS NOT NULL
