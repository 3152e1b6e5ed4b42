-- Lock executions in one order, whoever asks: a workflow's row is the lock of everything among its steps. Tells whether each
-- waits for any of the steps that end now.
SELECT id, awaits && %(ended)s::uuid[] FROM actions_execution WHERE id = ANY(%(ids)s::uuid[]) ORDER BY id FOR UPDATE
