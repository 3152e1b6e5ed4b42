-- Params of one execution, as stored.
SELECT params::text FROM actions_execution WHERE id = %(id)s
