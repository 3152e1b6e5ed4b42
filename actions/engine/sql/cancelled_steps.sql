-- Steps that a workflow needs and that were cancelled: it meets them so however often it is entered.
SELECT step FROM actions_execution
WHERE parent_id = %(id)s AND status || '' = 'cancelled' AND NOT (optional OR detached OR consumed)
ORDER BY id
LIMIT 1
