"""The supervisor starts again what dies, and stops in the opposite order of starting."""

import os
import signal
import sys
import textwrap
import threading

import pytest

from doplatform.services.child import Lines, Program
from doplatform.services.supervisor import Stop, Supervisor
from tests.journeys.instance import ended

LIVES = """
    import signal, sys
    def end(*_):
        print("ends", flush=True)
        sys.exit()
    signal.signal(signal.SIGTERM, end)
    print("lives", flush=True)
    while True:
        signal.pause()
"""
DEAF = """
    import os, signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    heard, told = os.pipe()
    if os.fork():
        os.read(heard, 1)
        print("deaf", os.getpid(), "leads", flush=True)
    else:
        print("deaf", os.getpid(), flush=True)
        os.write(told, b".")
    while True:
        signal.pause()
"""


class Said(list):
    """What was said, and what to do when it is."""

    def __init__(self):
        super().__init__()
        self.on = {}

    def __call__(self, name, line):
        self.append((name, line))
        for (speaker, words), callback in list(self.on.items()):
            if speaker == name and words in line:
                del self.on[speaker, words]
                callback()


@pytest.fixture
def said():
    return Said()


def program(name, code, **options):
    return Program(name, [sys.executable, "-c", textwrap.dedent(code)], **options)


def ask_for_the_end():
    os.kill(os.getpid(), signal.SIGTERM)


def test_the_last_one_started_ends_first_and_each_waits_for_the_one_before(said):
    with Supervisor(said) as supervisor:
        said.on["first", "lives"] = lambda: supervisor.keep(program("second", LIVES))
        said.on["second", "lives"] = lambda: supervisor.keep(program("third", LIVES))
        said.on["third", "lives"] = ask_for_the_end
        supervisor.keep(program("first", LIVES))
        supervisor.serve()

    assert [name for name, line in said if line == "ends"] == ["third", "second", "first"]


def test_who_does_not_listen_is_killed_with_all_its_children(said):
    said.on["deaf", "leads"] = ask_for_the_end
    with Supervisor(said) as supervisor:
        supervisor.keep(program("deaf", DEAF, stop_seconds=0.2))
        supervisor.serve()

    assert said[-1] == ("deaf", "took too long to stop, and was killed")
    family = [int(line.split()[1]) for _, line in said if line.startswith("deaf ")]
    assert len(family) == 2
    assert ended(family, 5)


def test_a_faulty_child_is_tried_again_with_growing_pauses(said):
    said.on["faulty", "again in 2 s"] = ask_for_the_end
    with Supervisor(said) as supervisor:
        supervisor.keep(program("faulty", "raise SystemExit(7)"))
        supervisor.serve()

    assert [line for _, line in said if "again in" in line] == [
        "ended with code 7; starting it again in 0.5 s",
        "ended with code 7; starting it again in 1 s",
        "ended with code 7; starting it again in 2 s",
    ]


def test_what_is_done_once_is_not_started_again(said):
    with Supervisor(said) as supervisor:
        supervisor.once(program("chore", "print('working')"), tries=3, done=ask_for_the_end)
        supervisor.serve()

    assert said == [("chore", "working")]


def test_what_keeps_failing_is_given_up_in_the_end(said):
    said.on["chore", "given up"] = ask_for_the_end
    with Supervisor(said) as supervisor:
        supervisor.once(program("chore", "raise SystemExit(1)"), tries=2, done=lambda: said("chore", "done"))
        supervisor.serve()

    assert [line.partition(" (process")[0] for _, line in said] == [
        "ended with code 1; starting it again in 0.5 s",
        "was started again",
        "ended with code 1; given up",
    ]


def test_a_signal_before_it_serves_ends_it_too(said):
    before = set(threading.enumerate())
    with pytest.raises(Stop), Supervisor(said) as supervisor:
        supervisor.keep(program("first", LIVES))
        ask_for_the_end()

    assert set(threading.enumerate()) <= before


def test_lines_come_whole_and_an_endless_one_is_cut():
    lines = Lines()

    assert lines.feed(b"one\ntw") == ["one"]
    assert lines.feed(b"o\n\nthree") == ["two"]
    assert lines.last() == ["three"]
    assert lines.feed(b"x" * 20_000) == ["x" * 20_000]
    assert lines.last() == []
