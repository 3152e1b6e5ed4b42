"""The log: whatever it quotes, the secret of an API key stands in no line of it (S-12, G21)."""

import logging

import pytest
import structlog

from actions.values import keytext
from doplatform import logs


@pytest.fixture
def lines(capsys):
    """What the log writes, by format."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())

    def write(format_: str, act) -> str:
        logs.configure({"format": format_, "level": "INFO"})
        act()
        return capsys.readouterr().err

    yield write
    root.handlers[:], root.level = before[:2]
    structlog.configure(**before[2])


@pytest.mark.parametrize("format_", ["console", "plain", "json"])
def test_no_format_writes_a_key(lines, format_: str):
    made = keytext.make()
    secret = made.text.split("_")[3]

    def act() -> None:
        logging.getLogger("django.request").warning("Not Found: /api/v1/?key=%s", made.text)
        structlog.get_logger("x").warning("something", header=f"Bearer {made.text}")
        try:
            raise ValueError(made.text)
        except ValueError:
            logging.getLogger("x").exception("failed")

    written = lines(format_, act)
    assert written.count(f"do_live_{made.id}") >= 3
    assert secret not in written


def test_a_logger_follows_when_logging_is_set_up_again(lines):
    """As `get_wsgi_application` does, and any tool that calls django.setup() for itself."""
    log = structlog.get_logger("known before")
    lines("json", lambda: log.warning("first"))
    lines("json", lambda: None)
    with structlog.testing.capture_logs() as captured:
        log.warning("second")
    assert [line["event"] for line in captured] == ["second"]
