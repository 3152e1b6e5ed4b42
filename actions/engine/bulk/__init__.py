"""One verb on many executions.

freeze  keep what somebody has selected, as they saw it, until they confirm
begin   store the selection and ask for an execution of the built-in action that does it
work    do it, one by one, each with its outcome in one transaction; goes on where it stopped
abort   do no more of it
"""
