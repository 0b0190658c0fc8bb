"""The judge finds what is missing, what is too much, and what bears the wrong time: a check that can fail."""

import pytest
from tocsin.event import QUALITY_HOST_SET, TYPE_ALARM, pack_flags
from tocsin.record import Record
from tocsin_sim.expectation import Expectation, Timeline, judge

START_UTC_MS = 1_773_525_600_000
ALARM_AT_5_S = Expectation("gallery", TYPE_ALARM, 1, 5_000, 5_010, count=0)


def _timeline() -> Timeline:
    return Timeline(START_UTC_MS, {("gallery", 1): 0})


def _record(uptime_ms: int, utc_offset_ms: int = 0, source: int = 1, boot: int = 1) -> Record:
    flags = pack_flags(1, 0, QUALITY_HOST_SET)
    return Record(TYPE_ALARM, source, flags, 0, boot, uptime_ms, START_UTC_MS + uptime_ms + utc_offset_ms, 0, 0)


def test_a_record_in_its_window_is_fulfilled() -> None:
    verdict = judge([ALARM_AT_5_S], {"gallery": [_record(5_010)]}, _timeline())
    assert (verdict.fulfilled, verdict.missing, verdict.unexpected) == (1, [], [])


@pytest.mark.parametrize("record", [_record(4_999), _record(5_011), _record(5_005, source=2), _record(5_005, boot=2)])
def test_a_record_elsewhere_is_missing_and_unexpected(record: Record) -> None:
    verdict = judge([ALARM_AT_5_S], {"gallery": [record]}, _timeline())
    assert (verdict.fulfilled, len(verdict.missing), len(verdict.unexpected)) == (0, 1, 1)


def test_the_same_record_twice_is_one_too_many() -> None:
    verdict = judge([ALARM_AT_5_S], {"gallery": [_record(5_000), _record(5_001)]}, _timeline())
    assert (verdict.fulfilled, len(verdict.unexpected)) == (1, 1)


def test_wrong_utc_is_unexpected() -> None:
    verdict = judge([ALARM_AT_5_S], {"gallery": [_record(5_000, utc_offset_ms=60_000)]}, _timeline())
    assert "wrong UTC" in verdict.unexpected[0]
    assert verdict.fulfilled == 0


def test_after_a_clock_step_old_and_new_time_are_right_and_no_other() -> None:
    timeline = _timeline()
    timeline.clock_steps.append((4_000, 2_500))
    for offset_ms, fulfilled in ((0, 1), (2_500, 1), (1_000, 0)):
        verdict = judge([ALARM_AT_5_S], {"gallery": [_record(5_000, offset_ms)]}, timeline)
        assert verdict.fulfilled == fulfilled


def test_no_utc_is_right_only_while_the_time_is_unknown() -> None:
    unknown = _record(5_000)
    unknown.utc_ms = 0
    assert judge([ALARM_AT_5_S], {"gallery": [unknown]}, _timeline()).fulfilled == 0
    unknown.flags = pack_flags(1, 0, 0)
    assert judge([ALARM_AT_5_S], {"gallery": [unknown]}, _timeline()).fulfilled == 1
