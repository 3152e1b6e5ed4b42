"""The control page: where a person, or `manage.py demo`, stops and starts the servers."""

from collections.abc import Callable, Mapping
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from doplatform.demo.addresses import HOST
from doplatform.demo.servers.http import Answer, BadRequest, HttpServer, Request
from doplatform.demo.servers.modes import Mode, mode
from doplatform.demo.servers.outsider import Outsider, Say

_HERE = Path(__file__).parent
_PAGE = Template((_HERE / "control.html").read_text(encoding="utf-8"))
_STYLE = (_HERE / "control.css").read_bytes()
_SECTION = Template(
    '<section class="$mode"><h2>The $title</h2><p>$name · <code>$address</code></p>'
    '<p class="state">It $sentence.</p>'
    '<form method="post" action="/mode"><input type="hidden" name="server" value="$name">$buttons</form>'
    "<ul>$latest</ul></section>"
)
_BUTTON = Template('<button name="mode" value="$mode" title="It $sentence"$disabled>$button</button>')
_SAFETY = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src data:; style-src 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}


class Control(HttpServer):
    """GET / is the page, GET /state the same as JSON, POST /mode (server=…, mode=…) changes one."""

    name = "control"
    title = "control page"
    default_port = 8055

    def __init__(
        self,
        outsiders: Mapping[str, Outsider],
        *,
        port: int | None = None,
        say: Say,
        switched: Callable[[], None],
    ) -> None:
        super().__init__(port=port, say=say)
        self._outsiders = outsiders
        self._switched = switched

    async def answer(self, request: Request) -> Answer:
        match request.method, request.path:
            case "GET", "/":
                return Answer(content_type="text/html; charset=utf-8", body=self._page().encode(), headers=_SAFETY)
            case "GET", "/control.css":
                return Answer(content_type="text/css", body=_STYLE)
            case "GET", "/state":
                return Answer.of(self._state())
            case "POST", "/mode":
                return await self._switch(request)
            case _:
                return Answer.refusal(404, "not_found", "There are GET /, GET /state and POST /mode.")

    async def _switch(self, request: Request) -> Answer:
        # Any page in the browser can post a form to loopback; only ours may.
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            return Answer.refusal(403, "foreign_origin", "This form was sent by another site; nothing was changed.")
        form = request.form()
        outsider = self._outsiders.get(form.get("server", ""))
        if outsider is None:
            raise BadRequest(f"There is no server {form.get('server')!r}; choose one of {', '.join(self._outsiders)}.")
        try:
            wanted = mode(form.get("mode", ""))
        except ValueError as error:
            raise BadRequest(str(error)) from None
        await outsider.switch(wanted)
        self._switched()
        if "application/json" in request.headers.get("accept", ""):
            return Answer.of(self._state())
        return Answer(status=303, headers={"Location": "/"})

    def _state(self) -> dict[str, dict[str, object]]:
        return {
            name: {"port": outsider.port, "mode": outsider.mode, "sentence": outsider.mode.sentence}
            for name, outsider in self._outsiders.items()
        }

    def _page(self) -> str:
        return _PAGE.substitute(sections="\n".join(_section(outsider) for outsider in self._outsiders.values()))


def _section(outsider: Outsider) -> str:
    buttons = "".join(
        _BUTTON.substitute(
            mode=mode,
            sentence=mode.sentence,
            button=mode.button,
            disabled=" disabled" if mode is outsider.mode else "",
        )
        for mode in Mode
    )
    latest = "".join(f"<li>{escape(line)}</li>" for line in outsider.latest())
    return _SECTION.substitute(
        name=outsider.name,
        title=outsider.title,
        address=f"{HOST}:{outsider.port}",
        mode=outsider.mode,
        sentence=outsider.mode.sentence,
        buttons=buttons,
        latest=latest or "<li>Nothing has arrived yet.</li>",
    )
