-- Whether there is anything to look at: a rule that watches, or a delivery that nobody carries yet.
SELECT EXISTS (SELECT FROM actions_alertrule WHERE paused_at IS NULL)
  OR EXISTS (SELECT FROM actions_alertdelivery WHERE carrier_id IS NULL)
