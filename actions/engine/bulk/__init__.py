"""One verb on many executions.

begin   freeze the selection and ask for an execution of the built-in action that does it
work    do it, one by one, each with its outcome in one transaction; goes on where it stopped
abort   do no more of it
"""
