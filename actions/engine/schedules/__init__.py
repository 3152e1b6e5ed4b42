"""Schedules: actions that are asked for by the clock.

    declared   the rows follow what the code declares
    make, change, remove, pause, change_pause, run_now   what people do
    fire       one schedule that is due: its executions, and when it is due again, in one transaction
    watch      maintain's chore: looks seldom while nothing is due

Due times are kept in UTC and compared with the database's clock. Each has the idempotency key `schedule:<id>:<due>`.
"""
