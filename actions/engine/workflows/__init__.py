"""Workflows: what happens when a workflow function is entered.

    recall     what earlier entries left: steps and what was remembered
    told       time, events, waiting: what the function is told once and again at every entry
    entry      one entry, as the function's calls see it: steps it meets again, starts, waits for
    enter      the function is entered from the top, until it returns, fails or has to wait
    undo       compensation: finished steps are undone in reverse
    record     everything an entry leaves behind is stored in settle's transaction

advance, beside this folder, moves on what waited for an ending.
"""
