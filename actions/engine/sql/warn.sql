-- Add a line to an attempt's log after it has ended.
UPDATE actions_attempt SET lines = coalesce(lines, '[]') || %(line)s::jsonb
WHERE execution_id = %(id)s AND number = %(attempt)s
