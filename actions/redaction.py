"""What this installation hides wherever params, results, log lines and events are shown: REDACT_KEYS and REDACT.

A param that its schema marks as secret is another thing: it is stored encrypted, and shown to nobody. What is hidden here is
stored as it is, and shown to those who may ask for it, each time audited.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import structlog
from django.utils.module_loading import import_string

from actions import conf
from actions.values.redaction import Path, Rule, blot, hidden_texts

log = structlog.get_logger(__name__)


def hide(value: Any) -> Any:
    """A copy to be shown, with dots for what is hidden here."""
    return rule().redact(value)


def texts(value: Any) -> list[str]:
    """What must not stand in the message of an error about this value: the texts and numbers in it that are hidden."""
    return list(dict.fromkeys(hidden_texts(value, hide(value))))


def lines(kept: Iterable[dict[str, Any]], hidden: Iterable[str]) -> list[dict[str, Any]]:
    """Lines of a log as they are kept: fields hidden by their names, and these texts wherever they stand."""
    return [_line(line, list(hidden)) for line in kept]


def rule() -> Rule:
    """What is hidden now."""
    knobs = conf.get()
    return _rule(tuple(knobs.REDACT_KEYS), knobs.REDACT)


@lru_cache(maxsize=4)
def _rule(keys: tuple[str, ...], judge: str) -> Rule:
    return Rule.of(keys, _Judge(judge) if judge else None)


class _Judge:
    """The function that REDACT names. What it does not answer with True or False is hidden, and its fault logged once."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._failed = False

    def __call__(self, path: Path, value: Any) -> bool:
        try:
            answer = import_string(self._path)(path, value)
            if not isinstance(answer, bool):
                raise TypeError(f"it gave {type(answer).__name__}, not True or False")
        except Exception as error:  # noqa: BLE001  (whatever it raises)
            self._say(error)
            return True
        return answer

    def _say(self, error: Exception) -> None:
        """Without the error's message and traceback, in which the value may stand."""
        if not self._failed:
            self._failed = True
            log.error("redaction_failed", judge=self._path, error=type(error).__name__)


def _line(line: dict[str, Any], hidden: list[str]) -> dict[str, Any]:
    kept = {**line, "text": blot(str(line.get("text", "")), hidden)}
    if isinstance(line.get("fields"), dict):
        fields = hide(line["fields"])
        kept["fields"] = {
            name: blot(value, hidden) if isinstance(value, str) else value for name, value in fields.items()
        }
    return kept
