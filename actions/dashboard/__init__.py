"""The console: the dashboard that operators live in, at `/`. docs/console.md says how its pages are built.

routes      every page says whom it is for, or is not served; urls
frame       what surrounds each page: navigation, search, banners, the look
page        whole pages, and the fragments that keep them live
acting      one engine call per view, its answer as a message, a fault at its field, or the page of what changed
entrance    log-in, log-out, the look
problems    what is said when something is refused, missing or broken
security    headers and request ids
"""
