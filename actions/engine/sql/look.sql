-- How one execution stands.
SELECT status, result::text, error::text, attempt FROM actions_execution WHERE id = %(id)s
