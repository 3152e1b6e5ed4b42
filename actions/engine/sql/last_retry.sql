-- Who retried one attempt of an execution, last.
SELECT actor_label, at FROM actions_auditentry
WHERE execution_id = %(id)s AND verb = 'execution.retried' AND attempt = %(attempt)s
ORDER BY id DESC LIMIT 1
