"""The SDK as another program uses it: a running platform (gunicorn, a worker, the demo's servers), a key, and bad luck on
the way."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from actions.client import AsyncDo, Do, ExecutionFailed
from doplatform import paths
from tests.faults.proxy import Cut, Proxy
from tests.journeys.instance import Instance
from tests.journeys.story import instance, lines
from tests.plugin import OWN

__all__ = ["instance"]

SCOPES = [f"action:*:{verb}" for verb in ("read", "trigger", "retry", "run_now", "replay", "cancel", "resolve", "emit")]
SCOPES += ["audit:read", "audit:export"]
_MAKE_KEY = """
from actions import Actor
from actions.engine.keys import accounts, create
me = Actor("system", "tests", "tests")
accounts.create_account("shop", actor=me)
print("key", create.create(scopes={scopes!r}, account="shop", rate=1000, actor=me).text)
"""


@pytest.fixture(scope="module")
def key(instance: Instance) -> str:
    """A new API key of a service account."""
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    done = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", _MAKE_KEY.format(scopes=SCOPES)],
        cwd=paths.BASE,
        env={**environment, "DO_DATA": str(instance.data), "HTTPS": "False"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found = re.search(r"key (do_live_\S+)", done.stdout)
    assert found, done.stderr
    return found[1]


@pytest.fixture
def base_url(instance: Instance) -> str:
    """Where the platform is."""
    return instance.url.rstrip("/")


@pytest.fixture
def do(key: str, base_url: str) -> Iterator[Do]:
    """A client."""
    with Do(key, base_url) as client:
        yield client


@pytest.fixture
def mail_server(instance: Instance) -> Iterator[Any]:
    """mail_server("down"), mail_server("up"); up again after the test."""
    page = instance.says(r"Stop and start them on (\S+)")[1].rstrip("/")

    def become(mode: str) -> None:
        said = {"server": "smtp", "mode": mode}
        httpx.post(f"{page}/mode", data=said, headers={"Accept": "application/json"}).raise_for_status()

    yield become
    become("up")


def mails(instance: Instance, to: str) -> int:
    return len([mail for mail in lines(instance, "mails.jsonl") if mail["to"] == to])


def test_a_sequence_goes_on_halts_on_an_error_and_is_mended(do: Do, instance: Instance, mail_server: Any):
    who = {"email": "ada@example.com", "name": "Ada"}

    def sign_up() -> tuple[list[str], Any]:
        done = []
        for name in ("create-user-record", "send-welcome-email", "update-crm"):
            result, error = do.action.execute(name=name, params=who, idempotency_key=f"{name}:ada", timeout=60)
            if error:
                return done, error
            assert result
            done.append(name)
        return done, None

    mail_server("down")
    done, error = sign_up()
    assert done == ["create-user-record"]
    assert isinstance(error, ExecutionFailed)
    assert "The mail server" in error.message
    assert list(do.executions.list(action="update-crm")) == []

    mail_server("up")
    handle = do.executions.retry(error.execution_id, reason="the mail server is back")
    assert handle.result(timeout=60)["message_id"]
    # The same program again: what was done is found by its key, and the rest is done.
    assert sign_up() == (["create-user-record", "send-welcome-email", "update-crm"], None)
    assert mails(instance, "ada@example.com") == 1


@pytest.mark.parametrize("deliver", [True, False], ids=["the answer is lost", "the request is lost"])
def test_a_cut_connection_yields_one_execution(key: str, base_url: str, instance: Instance, do: Do, deliver: bool):
    to = f"cut-{deliver}@example.com".lower()
    proxy = Proxy(int(base_url.rpartition(":")[2]))
    proxy.cut = cut = Cut(at=b"POST /api/v1/actions/", deliver=deliver)
    with Do(key, f"http://127.0.0.1:{proxy.port}") as client:
        outcome = client.action.execute(name="send-welcome-email", params={"email": to, "name": "C"}, tags=[to])
    proxy.close()
    assert cut.done.is_set()
    assert outcome.value()["message_id"]
    assert [one.id for one in do.executions.list(tag=to)] == [outcome.id]
    assert mails(instance, to) == 1
    # Not a new execution, but the one that the lost answer was about.
    assert outcome.replayed is deliver


def test_asyncio_waits_for_many_at_once(key: str, base_url: str):
    async def story() -> list[Any]:
        async with AsyncDo(key, base_url) as client:
            handles = await client.action("receive-stock").invoke_many([{"sku": "cup", "quantity": 1}] * 8)
            return await asyncio.gather(*(handle.result(timeout=60) for handle in handles))

    assert sorted(result["available"] for result in asyncio.run(story())) == list(range(1, 9))


def test_the_command_end_to_end(key: str, base_url: str, instance: Instance, mail_server: Any, tmp_path: Path):
    (tmp_path / "key").write_text(key)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DO_")}

    def doplatform(*words: str) -> tuple[int, str, str]:
        command = [str(Path(sys.executable).with_name("doplatform")), "--key-file", str(tmp_path / "key"), *words]
        done = subprocess.run(
            command,
            env={**environment, "DO_BASE_URL": base_url},
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert key not in done.stdout + done.stderr
        return done.returncode, done.stdout, done.stderr

    params = '{"email": "joan@example.com", "name": "Joan"}'
    mail_server("down")
    code, out, err = doplatform("run", "send-welcome-email", "--params", params, "--json")
    told = json.loads(out)
    assert (code, told["status"]) == (1, "failed")
    assert "The mail server" in err
    mail_server("up")
    code, out, _ = doplatform("retry", told["id"], "--reason", "it is back", "--wait", "60")
    assert (code, set(json.loads(out))) == (0, {"message_id"})
    code, out, _ = doplatform("watch", told["id"])
    assert (code, out.split()[:2]) == (0, [told["id"], "succeeded"])
    assert told["id"] in doplatform("list", "--action", "send-welcome-email")[1]
    code, _, err = doplatform("cancel", told["id"])
    assert (code, "already_finished" in err) == (1, True)
    assert mails(instance, "joan@example.com") == 1


@pytest.mark.usefixtures("instance")
def test_the_snippets_of_the_page_run(key: str, base_url: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DO_API_KEY", key)
    monkeypatch.setenv("DO_BASE_URL", base_url)
    page = (paths.BASE / "docs/sdk.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(snippets) >= 7
    space: dict[str, Any] = {"__name__": __name__}
    for snippet in snippets:
        exec(compile(snippet, "docs/sdk.md", "exec"), space)  # our own page
    space["do"].close()


def test_the_curl_examples_of_the_docs_run_as_written(key: str, base_url: str, tmp_path: Path):
    """docs/api.md, in its order, by a shell"""
    page = (paths.BASE / "docs" / "api.md").read_text(encoding="utf-8")
    examples = re.findall(r"^```bash\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(examples) >= 10
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\necho ----\n".join(examples)],
        cwd=tmp_path,
        env={**os.environ, "DO_BASE_URL": base_url, "DO_API_KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout.split("----\n")
    assert json.loads(said[1])["status"] == "succeeded"
    waited = json.loads(said[2])
    assert (waited["status"], len(waited["attempts"])) == ("succeeded", 1)
    assert json.loads(said[3]) == {"items": []}
    assert len(json.loads(said[5])["items"]) == 2
    assert json.loads(said[6])["items"][0]["id"] == waited["id"]
    assert json.loads(said[7])["status"] == "cancelled"
    refused = json.loads(said[-1])
    assert (refused["status"], refused["code"]) == (422, "invalid_request")
    assert {fault["path"] for fault in refused["errors"]} == {"colour", "params.sku", "params.quantity"}


def test_the_page_of_the_api_needs_nothing_from_elsewhere(chrome: Browser, base_url: str):
    """It shows every operation, under a policy that allows no script in it and no other host"""
    asked: list[str] = []
    errors: list[str] = []
    with chrome.new_context() as context:
        page = context.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.goto(f"{base_url}/api/v1/docs")
        page.wait_for_selector(".opblock")
        assert page.locator(".opblock").count() > 15
        page.locator("#operations-executions-start_execution .opblock-summary").click()
        page.wait_for_selector("#operations-executions-start_execution .opblock-body")
    assert [url for url in asked if not url.startswith((base_url, "data:"))] == []
    assert errors == []
