"""HTTP/1.1 as far as the demo needs it: one request per connection, answered as the server's mode wants."""

import asyncio
import json
import socket
from abc import abstractmethod
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from doplatform.demo.servers.modes import Mode
from doplatform.demo.servers.outsider import Outsider

_PATIENCE = 10.0
_LARGEST_BODY = 1_000_000


class BadRequest(Exception):
    """The request cannot be understood; the message goes to the caller."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, read to its end. Header names are lower case, the path is still quoted."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises BadRequest."""
        try:
            value = json.loads(self.body)
        except ValueError:
            raise BadRequest("The body is not JSON.") from None
        if not isinstance(value, dict):
            raise BadRequest("The body is not a JSON object.")
        return value

    def form(self) -> dict[str, str]:
        """The body as a submitted HTML form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace")))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, value: object, status: int = 200) -> Self:
        """JSON."""
        return cls(status=status, body=json.dumps(value).encode())

    @classmethod
    def refusal(cls, status: int, code: str, message: str) -> Self:
        """An error that a program can tell by its code."""
        return cls.of({"code": code, "message": message}, status)

    def encoded(self) -> bytes:
        """The bytes on the wire."""
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers.items()),
        ]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body


class HttpServer(Outsider):
    """A server whose answers a subclass gives, and whose moods this class plays."""

    @abstractmethod
    async def answer(self, request: Request) -> Answer:
        """Do what is asked. Raises BadRequest."""

    async def _serve(self, listener: socket.socket) -> asyncio.Server:
        return await asyncio.start_server(self._converse, sock=listener)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                request = await _read(reader)
            if answer := await self._moody_answer(request):
                writer.write(answer.encoded())
        except BadRequest as error:
            writer.write(Answer.refusal(400, "bad_request", str(error)).encoded())
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError):
            pass  # the caller has gone: nobody is left to answer
        finally:
            writer.close()

    async def _moody_answer(self, request: Request) -> Answer | None:
        """The answer as the mode wants it; None cuts the connection."""
        if self.mode is Mode.ERROR:
            self.say(f"{request.method} {request.path}: answered 500, did nothing")
            return Answer.refusal(500, "out_of_order", f"The {self.title} is out of order.")
        answer = await self.answer(request)
        # A question that is not answered leaves nobody in doubt: only work is worth cutting off.
        if request.method != "GET" and self.mode is Mode.DROP:
            self.say(f"{request.method} {request.path}: done, and cut the connection")
            return None
        if request.method != "GET" and self.mode is Mode.SLOW:
            self.say(f"{request.method} {request.path}: done, answering in {self.slowness:g} s")
            await asyncio.sleep(self.slowness)
        return answer


async def _read(reader: asyncio.StreamReader) -> Request:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip().split("\r\n")
        method, target, _version = first.split(" ")
        fields = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        length = int(headers.get("content-length", "0"))
        url = urlsplit(target)
    except (ValueError, asyncio.LimitOverrunError):
        raise BadRequest("This is not an HTTP request.") from None
    if not 0 <= length <= _LARGEST_BODY:
        raise BadRequest(f"A body has at most {_LARGEST_BODY} bytes.")
    return Request(
        method=method,
        path=url.path,
        query=dict(parse_qsl(url.query)),
        headers=headers,
        body=await reader.readexactly(length),
    )
