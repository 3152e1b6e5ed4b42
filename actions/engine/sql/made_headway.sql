-- What has got further may lose as many workers again as what has just begun.
UPDATE actions_execution SET losses = 0 WHERE id = %(id)s AND losses > 0
