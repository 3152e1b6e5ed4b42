-- Groups of failures that were resolved, or ignored until a time, and have failed since, of which no rule has told since then. By the
-- index errorgroup_triaged: what people have said something about, and failed lately.
SELECT rule.id, known.fingerprint, known.action, known.error_class, known.code, known.message, known.last_seen_at, known.count,
  known.state, known.state_by, known.state_at
FROM unnest(%(rules)s::bigint[], %(sinces)s::timestamptz[]) AS rule (id, since)
JOIN actions_errorgroup AS known ON known.last_seen_at >= greatest(rule.since, %(bound)s::timestamptz)
WHERE known.state <> 'open' AND known.action <> %(carrier)s
  AND (known.state = 'resolved' AND known.last_seen_at > known.state_at
    OR known.state = 'ignored' AND known.last_seen_at > known.ignored_until)
  AND NOT EXISTS (
    SELECT FROM actions_alert
    WHERE rule_id = rule.id AND subject = known.fingerprint AND at >= greatest(known.state_at, known.ignored_until))
ORDER BY known.last_seen_at DESC, known.fingerprint
LIMIT 5000
