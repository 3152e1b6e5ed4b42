"""Logging: structlog over the standard library, one line per event: a sentence for a person, or JSON for a machine."""

import logging
from collections.abc import MutableMapping
from typing import Any

import structlog

from actions.values.keytext import without_keys
from doplatform import sentences

_NOISY = ("rq", "rq.worker", "rq.scheduler", "axes", "psycopg.pool")
"""What they say at INFO is said better by our own worker and by the audit, or is a line per request."""
_processors: list[Any] = []
"""One list, changed in place: a logger keeps the one that it first met, and Django may be set up more than once."""


def configure(settings: dict[str, Any]) -> None:
    """Set up the root logger from Django's LOGGING: {"format": …, "level": "INFO" …}.

    The formats: "console" (time, level, sentence), "plain" (for `manage.py up`, which adds time and name), "json".
    """
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderers: dict[str, Any] = {"json": structlog.processors.JSONRenderer(), "plain": _plain, "console": _console}
    last = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        renderers[settings["format"]],
        _without_keys,
    ]
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=last))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings["level"])
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("rq.worker").addFilter(_redis_away)
    _processors[:] = [*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
    structlog.configure(
        processors=_processors,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _without_keys(_logger: Any, _method: str, line: Any) -> Any:
    """Whoever wrote it, and whatever it quotes: the secret of an API key stands in no log."""
    return without_keys(line) if isinstance(line, str) else line


def _redis_away(record: logging.LogRecord) -> bool:
    """RQ tells once per thread, as an error, that Redis is away: once per process, as our own event, is enough."""
    if "could not connect to Redis" not in str(record.msg):
        return True
    record.msg, record.args = "redis_away", ()
    record.levelno, record.levelname = logging.WARNING, "WARNING"
    return record.threadName == "MainThread"


def _plain(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    """The sentence alone, after its level where somebody should look."""
    level = event.pop("level", "info")
    calm = level in {"info", "debug"}
    # By its id a request is found that somebody was shown as broken; others need none.
    for name in ("timestamp", "logger", *(["request_id"] if calm else [])):
        event.pop(name, None)
    exception = event.pop("exception", None)
    line = sentences.say(str(event.pop("event", "")), event)
    line = line if calm else f"{level}: {line}"
    return f"{line}\n{exception}" if exception else line


def _console(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """The same with its time."""
    return f"{event.get('timestamp', '')} {_plain(logger, method, event)}"
