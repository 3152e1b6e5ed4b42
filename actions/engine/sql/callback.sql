-- Whom the ends of these executions are told to.
INSERT INTO actions_callback (execution_id, url, secret)
SELECT id, %(url)s::text, %(secret)s::bytea FROM unnest(%(ids)s::uuid[]) AS id
