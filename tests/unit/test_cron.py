"""Which moments a cron expression means, over changes of the clock, and how it is refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.engine.schedules.due import MOST, due
from actions.errors import InvalidInput
from actions.values.cron import Cron, parse

NOW = datetime(2026, 11, 28, 6, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def moments(expression: str, after: str, number: int, zone: str = BERLIN) -> list[str]:
    found = islice(Cron(expression, zone).after(at(after)), number)
    return [moment.strftime("%m-%d %H:%M:%S") for moment in found]


@pytest.mark.parametrize("seconds", ["", "15 "])
def test_a_time_that_is_left_out_comes_right_after_the_gap(seconds: str):
    """Berlin, 2026-03-29: 02:00 CET is 03:00 CEST"""
    last = ":15" if seconds else ":00"
    assert moments(f"{seconds}30 2 * * *", "2026-03-27T12:00", 3) == [
        f"03-28 01:30{last}", f"03-29 01:00{last}", f"03-30 00:30{last}"
    ]  # fmt: skip


@pytest.mark.parametrize("seconds", ["", "15 "])
def test_a_time_that_comes_twice_is_meant_once(seconds: str):
    """Berlin, 2026-10-25: 03:00 CEST is 02:00 CET"""
    last = ":15" if seconds else ":00"
    assert moments(f"{seconds}30 2 * * *", "2026-10-24T12:00", 2) == [f"10-25 00:30{last}", f"10-26 01:30{last}"]
    # Asked between the two, the one that is past is not given again.
    assert moments(f"{seconds}30 2 * * *", "2026-10-25T01:10", 1) == [f"10-26 01:30{last}"]


def test_what_comes_every_hour_follows_the_real_time():
    assert moments("0 * * * *", "2026-10-24T23:30", 4) == [f"10-25 0{hour}:00:00" for hour in range(4)]
    assert moments("0 * * * *", "2026-03-28T23:30", 3) == [f"03-29 0{hour}:00:00" for hour in range(3)]


def test_a_day_that_begins_an_hour_late_has_its_midnight():
    """Santiago, 2026-09-06: 00:00 is 01:00"""
    assert moments("0 0 * * *", "2026-09-05T12:00", 2, "America/Santiago") == ["09-06 04:00:00", "09-07 03:00:00"]


@given(
    second=st.integers(0, 3 * 365 * 86_400),
    zone=st.sampled_from([BERLIN, "UTC", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo"]),
    expression=st.sampled_from(
        ["30 2 * * *", "*/20 * * * *", "0,30 2,3 * * *", "59 59 1 * * SUN", "*/7 0 2 * * *", "0 0 L * *", "15 0 * * *"]
    ),
)
@settings(max_examples=60, deadline=None)
def test_moments_only_go_on_and_are_the_same_wherever_one_begins(second: int, zone: str, expression: str):
    start = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    cron = Cron(expression, zone)
    found = cron.several(start, 6)
    assert all(earlier < later for earlier, later in pairwise(found))
    assert found[0] > start
    for index in range(5):
        assert cron.next(found[index]) == found[index + 1]
        assert cron.next(found[index + 1] - timedelta(seconds=1)) == found[index + 1]


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("61 * * * *", "The minute '61'"),
        ("* * * * FOO", "The day of week 'FOO'"),
        ("0 0 30 2 *", "never comes"),
        ("* *", "five fields"),
        ("", "five fields"),
        ("@daily", "five fields"),
        ("*/0 * * * *", "The minute '*/0'"),
        ("9" * 5_000 + " * * * *", "at most 100"),
        ("\x00 * * * *", "The minute"),
        ("¹ * * * *", "plain characters"),
        ("1L/2 * * * *", "The minute"),
        ("* * L/L * *", "The day of month"),
    ],
)
def test_what_is_no_expression_is_explained(expression: str, said: str):
    with pytest.raises(InvalidInput) as refused:
        parse(expression, "UTC", now=NOW)
    assert (refused.value.code, refused.value.path) == ("invalid_cron", "cron")
    assert said in refused.value.message


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../../etc/passwd", "Europe", "\x00", "x" * 5_000])
def test_a_zone_that_there_is_not_is_refused(zone: str):
    with pytest.raises(InvalidInput) as refused:
        parse("0 3 * * *", zone, now=NOW)
    assert (refused.value.code, refused.value.path) == ("invalid_timezone", "timezone")


@given(st.text(alphabet="0123456789*/,-LW# MONJA@\x00é", max_size=30))
@settings(max_examples=300, deadline=None)
def test_any_text_is_understood_or_refused(text: str):
    try:
        cron = parse(text, "UTC", now=NOW)
    except InvalidInput:
        return
    assert cron.next(NOW)
    assert cron.explain()


def test_an_expression_is_said_in_words():
    assert parse("0  3 * * *", BERLIN, now=NOW).explain() == "At 03:00 every day"


def test_on_time_there_is_nothing_to_catch_up():
    for policy in ("skip", "one", "all"):
        found = due(Cron("* * * * *", "UTC"), at("2026-11-28T06:00"), at("2026-11-28T06:00:40"), policy)
        assert (found.times, found.left_out) == ([at("2026-11-28T06:00")], 0)
        assert found.next == at("2026-11-28T06:01")


@pytest.mark.parametrize(
    ("policy", "times", "left_out"),
    [
        ("skip", ["06:10"], 10),
        ("one", ["06:10"], 10),
        ("all", [f"06:{minute:02}" for minute in range(11)], 0),
    ],
)
def test_missed_times_are_caught_up_as_the_policy_says(policy: str, times: list[str], left_out: int):
    found = due(Cron("* * * * *", "UTC"), at("2026-11-28T06:00"), at("2026-11-28T06:10:20"), policy)
    assert [time.strftime("%H:%M") for time in found.times] == times
    assert (found.left_out, found.next) == (left_out, at("2026-11-28T06:11"))


def test_one_missed_time_is_skipped_or_done_once():
    cron, first, now = Cron("0 3 * * *", "UTC"), at("2026-11-28T03:00"), at("2026-11-28T05:00")
    assert (due(cron, first, now, "skip").times, due(cron, first, now, "skip").left_out) == ([], 1)
    assert due(cron, first, now, "one").times == [first]
    assert due(cron, first, now, "all").times == [first]


def test_a_long_downtime_is_caught_up_in_bounds():
    """The newest hundred; how many more there were is counted up to a bound, too"""
    found = due(Cron("0 * * * *", "UTC"), at("2026-11-01T00:00"), at("2026-11-11T00:30"), "all")
    assert (len(found.times), found.times[-1], found.left_out, found.more) == (MOST, at("2026-11-11T00:00"), 141, False)
    found = due(Cron("* * * * * *", "UTC"), at("2025-11-01T00:00"), at("2026-11-11T00:30"), "all")
    assert (len(found.times), found.times[-1], found.more) == (MOST, at("2026-11-11T00:30"), True)
    assert found.left_out == 4_900
    found = due(Cron("* 0 0 1 1 *", "UTC"), at("2020-01-01T00:00"), at("2026-11-11T00:30"), "one")
    assert found.times == [at("2026-01-01T00:00:59")]


def test_a_year_of_missed_seconds_is_looked_through_quickly():
    found = Cron("* * 3 1 1 *", BERLIN).between(at("2020-01-01T02:00"), NOW, MOST)
    assert (found.newest[-1], len(found.newest), found.more) == (at("2026-01-01T02:59:59"), MOST, True)
