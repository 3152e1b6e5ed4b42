-- Keys of verbs that were used so long ago that nobody repeats the request.
DELETE FROM actions_verbkey WHERE at < now() - make_interval(days => %(days)s)
