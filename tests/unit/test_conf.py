"""The app's settings: defaults, overrides seen at once, strangers named."""

from dataclasses import fields
from typing import Any

import pytest

from actions import conf


def test_what_is_not_given_has_its_default(settings: Any):
    settings.DOPLATFORM = {}
    assert conf.get() == conf.Settings()
    del settings.DOPLATFORM
    assert conf.get() == conf.Settings()


def test_an_override_is_seen_at_once_and_forgotten_after_it(settings: Any):
    before = conf.get().LEASE
    settings.DOPLATFORM = {"LEASE": before + 1}
    assert before + 1 == conf.get().LEASE
    settings.DOPLATFORM = {"LEASE": before}
    assert before == conf.get().LEASE


def test_lists_become_tuples(settings: Any):
    settings.DOPLATFORM = {"SECRET_KEYS": ["a", "b"]}
    assert conf.get().SECRET_KEYS == ("a", "b")


def test_names_that_mean_nothing_are_told_and_ignored(settings: Any):
    settings.DOPLATFORM = {"LEESE": 3, "LEASE": 4}
    assert conf.unknown() == ["LEESE"]
    assert conf.get().LEASE == 4


def test_settings_cannot_be_changed_in_place():
    with pytest.raises((AttributeError, TypeError)):
        conf.get().LEASE = 1  # type: ignore[misc]


def test_the_lease_outlives_two_missed_heartbeats():
    """DESIGN.md section 5"""
    given = conf.Settings()
    assert given.LEASE >= 3 * given.HEARTBEAT
    assert given.GROUP_SIZE <= 64
    assert {knob.name for knob in fields(conf.Settings)} == conf.known()
