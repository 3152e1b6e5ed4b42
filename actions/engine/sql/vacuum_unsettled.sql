-- Every transaction with writes leaves a dead row under its worker's number.
VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE OFF, PARALLEL 0) actions_unsettled
