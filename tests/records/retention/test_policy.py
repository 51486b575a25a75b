"""The policy as data: what is written there is what is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from records.retention_policy.periods import Clock, Period, Term
from records.retention_policy.policy import RetentionFileWrong, policy_of
from records.settings import Settings

AS_SHIPPED = files("configs").joinpath("retention.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "clock", "months", "days"),
    [
        ("CASE+6", Clock.CASE, 72, 0),
        ("DOB+25", Clock.DOB, 300, 0),
        ("CASE+2M", Clock.CASE, 2, 0),
        ("READY+14D", Clock.READY, 0, 14),
        ("MADE+3W", Clock.MADE, 0, 21),
    ],
)
def test_codes_are_written_as_councils_write_them(text: str, clock: Clock, months: int, days: int) -> None:
    assert Term.parse(text) == Term(clock, Period(months, days))


@pytest.mark.parametrize("text", ["", "CASE", "CASE+", "CASE+0", "CASE-6", "CASE+6H", "case+6", "NOON+6", "CASE+99999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Term.parse(text)


def test_months_are_those_of_the_calendar() -> None:
    assert Period.parse("1M").after(date(2027, 1, 31)) == date(2027, 2, 28)
    assert Period.parse("25").after(date(2024, 2, 29)) == date(2049, 2, 28)
    assert Period.parse("2M").before(date(2026, 4, 30)) == date(2026, 2, 28)
    assert Period.parse("2W").before(date(2026, 1, 10)) == date(2025, 12, 27)
    assert Period.parse("9999").after(datetime(2026, 11, 28, tzinfo=UTC)).year == 9999


def test_as_shipped_it_is_what_one_published_form_says() -> None:
    policy = policy_of(Settings())
    assert policy.schedule(policy.default).rule == "CASE+2M"
    assert str(policy.sources.ready) == "READY+14D"
    assert policy.notice == Period(months=1)
    assert policy.schedule("case-6").rule == "CASE+6"
    assert policy.schedule("dob-25").needs_birth
    assert policy.schedule("of-a-policy-before") is policy.schedule(policy.default)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('default = "vig"', 'default = "x"', "there is no schedule x"),
        ('"CASE+2M"', '"READY+2M"', "run from CASE or DOB"),
        ('ready = "READY+14D"', 'ready = "SENT+14D"', "sources.ready runs from READY"),
        ('ready = "READY+14D"', 'ready = "a fortnight"', "sources.ready: .*is no time to keep something"),
        ('notice = "1M"', 'notice = ""', "notice: .*is no length of time"),
        ("[purposes]", "[purposes]\ntraining = 7\n", "purposes.training"),
        ("[schedules.vig]", "[schedules.VIG]", "schedules"),
        ("default =", "defalt =", "defalt|default"),
        ("default =", "default", "cannot be used"),
    ],
)
def test_what_cannot_be_done_is_told_with_its_place(tmp_path: Path, before: str, after: str, why: str) -> None:
    assert before in AS_SHIPPED
    path = tmp_path / "retention.toml"
    path.write_text(AS_SHIPPED.replace(before, after), encoding="utf-8")
    with pytest.raises(RetentionFileWrong, match=why):
        policy_of(Settings(retention_file=path))


def test_a_service_goes_by_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "retention.toml"
    path.write_text(AS_SHIPPED.replace('ended_after_silence = "6M"', 'ended_after_silence = ""'), encoding="utf-8")
    assert policy_of(Settings(retention_file=path)).ended_after_silence is None
    with pytest.raises(RetentionFileWrong):
        policy_of(Settings(retention_file=tmp_path / "nowhere.toml"))
