-- The index too, however few pages it concerns: claims walk over its dead entries.
VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE OFF, PARALLEL 0) actions_execution
