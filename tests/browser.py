"""The Chromium that the tests drive: one that is there, else Debian's. `python -m tests.browser` installs it.

The headless shell goes before the whole Chromium: the same engine without the windows, at less than half the CPU time.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

_SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
_CACHED = (
    "chromium-*/chrome-linux*/chrome",
    "chromium-*/chrome-mac*/Chromium.app/Contents/MacOS/Chromium",
    "chromium_headless_shell-*/chrome-*/*headless?shell",
)
_CACHES = (".cache/ms-playwright", "Library/Caches/ms-playwright")
_UPDATE = ("apt-get", "update", "-qq")
_INSTALL = ("apt-get", "install", "-y", "-qq", "--no-install-recommends")


class BrowserMissing(Exception):
    """There is no Chromium, and none could be installed."""


def executable() -> str:
    """The path of a Chromium that works. Raises BrowserMissing."""
    if found := _find():
        return found
    raise BrowserMissing("There is no Chromium. Install one: python -m tests.browser")


@functools.cache
def _find() -> str | None:
    on_path = [found for name in (*_SHELLS, *_NAMES) if (found := shutil.which(name))]
    caches = [Path(os.environ["PLAYWRIGHT_BROWSERS_PATH"])] if "PLAYWRIGHT_BROWSERS_PATH" in os.environ else []
    caches += [Path.home() / cache for cache in _CACHES]
    cached = [str(found) for cache in caches for pattern in _CACHED for found in sorted(cache.glob(pattern))]
    return next((candidate for candidate in [*on_path, *reversed(cached)] if _works(candidate)), None)


def _works(candidate: str) -> bool:
    """Whether it is a browser, and not a stub that tells how to get one."""
    try:
        asked = subprocess.run([candidate, "--version"], capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0


def _install() -> None:
    """By apt-get as root or by sudo without a question; else playwright's own build."""
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ways = [[*prefix, *_UPDATE], [*prefix, *_INSTALL, "chromium-headless-shell"], [*prefix, *_INSTALL, "chromium"]]
    for command in [*ways, [sys.executable, "-m", "playwright", "install", "chromium"]]:
        try:
            subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False)
        except OSError as error:
            sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        _find.cache_clear()
        if _find():
            return


def main() -> int:
    """Find or install, and say where it is; 1 where neither is possible."""
    if _find() is None:
        _install()
    try:
        sys.stdout.write(f"browser: {executable()}\n")
    except BrowserMissing:
        sys.stderr.write(
            "There is no Chromium for the tests, and none could be installed. Install Debian's chromium.\n"
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
