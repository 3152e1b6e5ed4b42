-- How many of each action failed for good, of how many that ended, in each rule's window: from the tallies, of minutes for up to
-- three hours and of hours beyond.
SELECT rule.id, tally.action, sum(tally.failed)::bigint, sum(tally.failed + tally.succeeded)::bigint
FROM unnest(%(rules)s::bigint[], %(actions)s::text[], %(windows)s::int[]) AS rule (id, action, span)
JOIN actions_tally AS tally ON tally.span = CASE WHEN rule.span <= 10800 THEN 60 ELSE 3600 END
  AND tally.at >= now() - make_interval(secs => rule.span)
WHERE (rule.action = '' OR tally.action = rule.action) AND tally.action <> %(carrier)s
GROUP BY rule.id, tally.action
HAVING sum(tally.failed) > 0
