-- Hot tables that have changed a good deal since they were last analyzed, and those with many dead rows; what takes long to
-- vacuum is left to autovacuum.
SELECT relname::text, n_mod_since_analyze > 500 + n_live_tup / 5,
  relname IN ('actions_execution', 'actions_unsettled') AND n_dead_tup > %(dead)s
    AND pg_total_relation_size(relid) < %(bytes)s
FROM pg_stat_user_tables
WHERE relname IN ('actions_execution', 'actions_attempt', 'actions_auditentry', 'actions_edge', 'actions_unsettled')
