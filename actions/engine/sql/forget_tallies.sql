-- Counts of failures by hour that are too old to be shown.
DELETE FROM actions_errortally WHERE hour < now() - make_interval(days => %(days)s)
