-- Look at the table anew, unless somebody else is at it.
ANALYZE (SKIP_LOCKED) actions_edge
