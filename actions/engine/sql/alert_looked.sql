-- When it was looked last.
UPDATE actions_alertmark SET looked_at = now() WHERE number = 1
