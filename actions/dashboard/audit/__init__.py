"""The audit in the console: who did what to what, and why.

said      entries as sentences
asked     what an address asks of it
listed    the list and its export
entry     one entry, with what happened around it
"""
