-- Forget how statements are planned, not the statements.
DISCARD PLANS
