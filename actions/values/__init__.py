"""The strict JSON rules, in one place for every entrance: text from outside, values from code, results.

Text becomes a value by `parse`; a value that is already decoded passes `check`. Both refuse with
InvalidInput, whose code and path are stable. `canonical` and `fingerprint` give the RFC 8785 bytes and their
hash, `dumps` the text to store, `redact` what may be shown.
"""

from actions.values.canonical import Checked, canonical, check_and_digest, check_and_fingerprint, fingerprint
from actions.values.limits import DEFAULT_LIMITS, LARGEST_INTEGER, Limits
from actions.values.paths import join as path
from actions.values.plain import check, dumps
from actions.values.redaction import DOTS, redact
from actions.values.text import parse, parse_object
from actions.values.visibility import visible

__all__ = [
    "DEFAULT_LIMITS",
    "DOTS",
    "LARGEST_INTEGER",
    "Checked",
    "Limits",
    "canonical",
    "check",
    "check_and_digest",
    "check_and_fingerprint",
    "dumps",
    "fingerprint",
    "parse",
    "parse_object",
    "path",
    "redact",
    "visible",
]
