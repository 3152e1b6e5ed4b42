"""A browser window on the console that hears every complaint, and judges how a page looks.

A page is looked at in light and dark, wide and on a phone; what its console says, what the policy stops and what axe finds is
collected, and must be nothing.
"""

import os
from collections.abc import Callable
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.journeys.test_admin_browser import SIZES, shoot

LOOKS = [("desk", "light"), ("phone", "dark")]
if "DO_TEST_SCREENSHOTS" in os.environ:
    # The rules are kept by a width and by a theme, not by their pairs; pictures are wanted of all four.
    LOOKS += [("desk", "dark"), ("phone", "light")]
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RULES = {"runOnly": {"type": "tag", "values": _TAGS}, "resultTypes": ["violations"]}
_JUDGE = """async rules => {
  // A colour on its way to another is neither.
  await new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)));
  const under_way = document.getAnimations().filter(one => one instanceof CSSTransition);
  await Promise.all(under_way.map(one => one.finished.catch(() => null)));
  return (await axe.run(rules)).violations;
}"""
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Visit:
    """A browser window of somebody who is logged in, and everything that it complained about."""

    def __init__(self, context: BrowserContext, *, size: str) -> None:
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self._size = size
        self.page.on("console", lambda message: self._heard(message.type, message.text))
        self.page.on("pageerror", lambda error: self._heard("error", str(error)))
        self.page.on("response", lambda answer: self._heard("error", answer.url) if answer.status >= 400 else None)

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(f"{self.page.url}: {text}")

    def log_in(self, name: str = "ada") -> "Visit":
        """Through the form, as everybody does."""
        self.page.goto("/")
        self.page.get_by_label("Username").fill(name)
        self.page.get_by_label("Password").fill(name)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(lambda url: "/login/" not in url, wait_until="load")
        return self

    def looks_well(
        self, name: str, address: str = "", *, before: Callable[[], None] = lambda: None, whole: bool = False
    ) -> None:
        """The page at `address`, or as it stands, in every look: it does not scroll sideways, and axe's verdict is collected.

        It is opened once: width and theme change before its eyes. `before` opens what is folded; `whole`: the picture
        shows what is below the fold too.
        """
        if address:
            self.page.goto(address)
        before()
        for size, scheme in LOOKS:
            self.page.set_viewport_size(SIZES[size])
            self.page.emulate_media(color_scheme=scheme)
            shoot(self.page, f"{name.replace(' ', '-')}-{size}-{scheme}", whole=whole)
            wide = self.page.evaluate(_TOO_WIDE)
            assert wide <= 0, f"{name} is {wide} px too wide ({size}, {scheme})"
            self.judged(f"{name} ({size}, {scheme})")
        self.page.set_viewport_size(SIZES[self._size])
        self.page.emulate_media(color_scheme="light")

    def judged(self, name: str) -> None:
        """What axe says of the page as it stands."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(Axe().axe_script)
        for violation in self.page.evaluate(_JUDGE, _RULES):
            places = [node["html"][:160] for node in violation["nodes"][:3]]
            self.complaints.append(f"{name}: {violation['id']}: {violation['help']} {places}")


def visit(chromium: Browser, site: str, *, size: str = "desk", **options: Any) -> Visit:
    """A new window, not logged in."""
    return Visit(chromium.new_context(viewport=SIZES[size], base_url=site, **options), size=size)
