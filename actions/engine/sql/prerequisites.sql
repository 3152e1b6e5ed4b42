-- What a blocked step or a waiting workflow waits for.
SELECT unnest(coalesce(CASE WHEN status = 'waiting' THEN awaits END, prerequisites)) FROM actions_execution WHERE id = %(id)s
