-- Where an entry stands now; no row when it is gone.
SELECT xid FROM actions_auditentry WHERE id = %(id)s
