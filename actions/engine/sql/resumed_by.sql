-- Who resumed something last, and when. The verbs that are left out are those that the index leaves out.
SELECT actor_label, at
FROM actions_auditentry
WHERE verb = %(verb)s AND data ->> %(what)s = %(key)s
  AND NOT (verb IN ('execution.accepted', 'execution.resumed', 'execution.started', 'execution.succeeded',
    'execution.suspended', 'execution.unblocked'))
ORDER BY id DESC
LIMIT 1
