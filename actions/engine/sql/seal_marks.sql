-- The marks of one seal.
SELECT marks FROM actions_seal WHERE number = %(number)s
