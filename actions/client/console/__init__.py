"""`doplatform`: the platform from a shell, for people and scripts, over HTTP."""

import os
import sys
from argparse import Namespace
from pathlib import Path

from actions.client.blocking import Do
from actions.client.console import arguments, verbs
from actions.client.errors import ConfigurationError, DoError

INTERRUPTED = 130


def main(words: list[str] | None = None) -> int:
    """Run one command line; returns its exit code."""
    options = arguments.parse(words)
    try:
        code = _act(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # `| head` has read enough. What Python still wants to flush at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return verbs.DONE
    return code


def _act(options: Namespace) -> int:
    try:
        with Do(_key(options.key_file), options.base_url, timeout=options.timeout) as do:
            act: verbs.Verb = options.act
            return act(do, options)
    except ConfigurationError as error:
        verbs.refused(error, options)
        return verbs.WRONG
    except DoError as error:
        return verbs.refused(error, options)


def _key(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no text of a key"
        raise ConfigurationError(f"The key file {path} cannot be read: {reason}.") from None
