"""The page of one execution and everything that one does on it.

detail     the page, its fragment, the raw JSON and the downloads
verbs      the forms of the verbs, and what is said where the execution has changed
workflows  the list of workflows that ran
graph      a workflow's steps and what leads from one to the other; layout: where they stand (pure)
timeline   when things waited and ran, as bars (pure)
"""
