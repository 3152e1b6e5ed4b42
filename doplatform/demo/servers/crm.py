"""The CRM: contacts over HTTP. The same PUT twice leaves the same contact, so it may be repeated safely."""

from pathlib import Path
from urllib.parse import unquote

from doplatform.demo.servers.http import Answer, HttpServer, Request
from doplatform.demo.servers.outsider import Say
from doplatform.demo.servers.records import Records


class Crm(HttpServer):
    """PUT /contacts/<email> keeps a contact, GET /contacts lists them."""

    name = "crm"
    title = "CRM"
    default_port = 8035

    def __init__(self, folder: Path, *, port: int | None = None, slowness: float = 8.0, say: Say) -> None:
        super().__init__(port=port, slowness=slowness, say=say)
        self._writes = Records(folder / "contacts.jsonl")

    @property
    def contacts(self) -> dict[str, dict[str, object]]:
        """The contacts by e-mail address, each as last written."""
        return {row["email"]: row for row in self._writes.rows}

    def latest(self) -> list[str]:
        return [f"{row['email']}, revision {row['revision']}" for row in reversed(self._writes.rows[-5:])]

    async def answer(self, request: Request) -> Answer:
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["contacts"]:
                return Answer.of({"contacts": list(self.contacts.values())})
            case "PUT", ["contacts", quoted] if "@" in unquote(quoted):
                return self._keep(unquote(quoted), request)
            case _:
                return Answer.refusal(404, "not_found", "The CRM knows PUT /contacts/<email> and GET /contacts.")

    def _keep(self, email: str, request: Request) -> Answer:
        key = request.headers.get("idempotency-key")
        last = self.contacts.get(email)
        if last is not None and key is not None and last["key"] == key:
            self.say(f"contact {email}: seen this request before, revision {last['revision']} stands")
            return Answer.of(last)
        revision = int(str(last["revision"])) + 1 if last else 1
        contact = {"email": email, "revision": revision, "key": key, "fields": request.json()}
        self._writes.add(contact)
        self.say(f"contact {email}: kept as revision {revision}")
        return Answer.of(contact)
