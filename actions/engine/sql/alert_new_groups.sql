-- Groups of failures that appeared since each rule watches, of which it has not told. They are few in a day: %(bound)s keeps it to
-- that, by the index errorgroup_first.
SELECT rule.id, known.fingerprint, known.action, known.error_class, known.code, known.message, known.first_seen_at, known.count
FROM unnest(%(rules)s::bigint[], %(sinces)s::timestamptz[]) AS rule (id, since)
JOIN actions_errorgroup AS known ON known.first_seen_at >= greatest(rule.since, %(bound)s::timestamptz)
WHERE known.action <> %(carrier)s AND known.state = 'open'
  AND NOT EXISTS (SELECT FROM actions_alert WHERE rule_id = rule.id AND subject = known.fingerprint)
ORDER BY known.first_seen_at DESC, known.fingerprint
LIMIT 5000
