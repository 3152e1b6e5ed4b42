"""The list of executions: find them, keep a search as a view, take the list out.

asked    what the address asks for: the search, what is wrong with it, where its tabs lead
found    the page, its live rows, the numbers on its tabs, suggestions for its box
saved    views: save, change, share, remove, begin with one
taken    exports
"""
