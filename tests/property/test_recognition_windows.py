"""The window of recognition of every setting of a contact or a loop, as docs/debounce.md states it: what is shorter
never alarms, what is longer always does, at any phase of the sampling.
"""

from array import array

from hypothesis import given
from hypothesis import strategies as st
from tocsin.analog import (
    FAST_LOOP_CONFIRMATIONS,
    FAST_LOOP_PERIOD_MS,
    LOOP_CONFIRMATIONS,
    LOOP_PERIOD_MS,
    Loop,
)
from tocsin.debounce import ALARM, EVIDENCE, Debouncer
from tocsin.edge_ring import EdgeRing
from tocsin.event import STATE_ALARM, STATE_NORMAL
from tocsin.gate import Gate

BEGIN_MS = 1000
END_MS = 60_000
PHASES_US = st.integers(0, 999)
EASY_MV, ALARM_MV = 1000, 2000

Spans = list[tuple[float, float]]  # [(from ms, to ms)] away from rest


def flips(spans: Spans, phase_us: int, layer: int) -> list[tuple[int, int]]:
    """[(ms, level)] of a debounced contact; sample k is taken at k ms and `phase_us`."""
    ring = EdgeRing(64)
    debouncer = Debouncer(ring)
    first = 0
    for from_ms, to_ms in spans:
        # The first samples at or behind each change.
        start, end = (-(-(round(at_ms * 1000) - phase_us) // 1000) for at_ms in (from_ms, to_ms))
        debouncer.feed(0, start - first, first)
        debouncer.feed(1, end - start, start)
        first = end
    debouncer.feed(0, END_MS - first, first)
    entry = array("I", [0] * 4)
    found = []
    while ring.pop_into(entry):
        if entry[3] == layer:
            found.append((entry[0], entry[2]))
    return found


def alarms(spans: Spans, phase_us: int = 0, layer: int = ALARM, **config: int) -> list[int]:
    """When a contact zone with these settings is told of an alarm, in ms."""
    gate = Gate(config)
    found: list[int] = []
    changes = [*flips(spans, phase_us, layer), (END_MS, 0)]
    for at_ms, level in changes:
        for state in (None, STATE_ALARM if level else STATE_NORMAL):
            if state is not None:
                gate.take(state, at_ms)
            before = gate.told
            if gate.tick(at_ms) == STATE_ALARM != before:
                found.append(gate.at_ms)
    return found


def once(length_ms: float) -> Spans:
    return [(BEGIN_MS, BEGIN_MS + length_ms)]


@given(st.floats(1, 199.9), PHASES_US)
def test_contact_normal_never(length_ms: float, phase_us: int) -> None:
    assert alarms(once(length_ms), phase_us) == []


@given(st.floats(400, 5000), st.floats(0, 159), PHASES_US)
def test_contact_normal_always(length_ms: float, bounce_ms: float, phase_us: int) -> None:
    """Open all through the bounce, as the sampler sees it, is the worst."""
    spans = [(BEGIN_MS + bounce_ms, BEGIN_MS + length_ms)]
    assert len(alarms(spans, phase_us)) == 1


@given(st.floats(1, 23.9), PHASES_US)
def test_contact_fast_never(length_ms: float, phase_us: int) -> None:
    assert alarms(once(length_ms), phase_us, EVIDENCE) == []


@given(st.floats(0, 200), st.floats(25, 500), PHASES_US)
def test_contact_fast_always(bounce_ms: float, steady_ms: float, phase_us: int) -> None:
    spans = [(BEGIN_MS + bounce_ms, BEGIN_MS + bounce_ms + steady_ms)]
    assert len(alarms(spans, phase_us, EVIDENCE)) == 1


@given(st.integers(1000, 20_000), st.floats(1, 998), PHASES_US)
def test_confirmation_never(confirm_ms: int, less_ms: float, phase_us: int) -> None:
    """A clean contact: the debounced level lasts as long as the contact does, to a sample."""
    assert alarms(once(confirm_ms - 1 - less_ms), phase_us, confirm_ms=confirm_ms) == []


@given(st.integers(400, 20_000), st.floats(0, 159), st.floats(0, 5000), PHASES_US)
def test_confirmation_always(confirm_ms: int, bounce_ms: float, more_ms: float, phase_us: int) -> None:
    spans = [(BEGIN_MS + bounce_ms, BEGIN_MS + confirm_ms + 160 + more_ms)]
    assert len(alarms(spans, phase_us, confirm_ms=confirm_ms)) == 1


@given(st.integers(2, 5), st.integers(1, 10), st.data())
def test_pulses_never_and_always(pulses: int, window_s: int, data: st.DataObject) -> None:
    """So many activations that begin within the window of the first, and not one less."""
    begins = sorted(data.draw(st.sets(st.integers(0, 20), min_size=pulses, max_size=pulses)))
    spans = [(BEGIN_MS + begin * 1000.0, BEGIN_MS + begin * 1000 + 400.0) for begin in begins]
    assert alarms(spans[:-1], pulses=pulses, pulse_window_s=30) == []
    fits = begins[-1] - begins[0] <= window_s
    is_alarm = bool(alarms(spans, pulses=pulses, pulse_window_s=window_s))
    if fits:
        assert is_alarm
    elif pulses == 2:
        assert not is_alarm


@given(st.floats(400, 40_000))
def test_one_pulse_that_lasts_is_worth_several(length_ms: float) -> None:
    is_alarm = bool(alarms(once(length_ms), pulses=3, pulse_window_s=10))
    assert is_alarm or length_ms < 10_002
    assert not is_alarm or length_ms > 9_998


def loop_alarms(length_ms: float, first_ms: float, is_fast: bool) -> bool:
    """Whether a loop read from `first_ms` on takes an activation for an alarm."""
    period_ms = FAST_LOOP_PERIOD_MS if is_fast else LOOP_PERIOD_MS
    loop = Loop(500, 1500, 2500, 0, FAST_LOOP_CONFIRMATIONS if is_fast else LOOP_CONFIRMATIONS)
    at_ms = first_ms
    states = set()
    while at_ms < 20_000:
        states.add(loop.take(ALARM_MV if BEGIN_MS <= at_ms < BEGIN_MS + length_ms else EASY_MV))
        at_ms += period_ms
    return STATE_ALARM in states


@given(st.floats(1, 199.9), st.floats(0, 100))
def test_loop_normal_never(length_ms: float, first_ms: float) -> None:
    assert not loop_alarms(length_ms, first_ms, False)


@given(st.floats(300.1, 5000), st.floats(0, 100))
def test_loop_normal_always(length_ms: float, first_ms: float) -> None:
    assert loop_alarms(length_ms, first_ms, False)


@given(st.floats(1, 24.9), st.floats(0, 25))
def test_loop_fast_never(length_ms: float, first_ms: float) -> None:
    assert not loop_alarms(length_ms, first_ms, True)


@given(st.floats(50.1, 5000), st.floats(0, 25))
def test_loop_fast_always(length_ms: float, first_ms: float) -> None:
    assert loop_alarms(length_ms, first_ms, True)


@given(st.integers(0, 999), st.integers(300, 700))
def test_a_contact_that_chatters_at_1_khz_is_no_alarm_unless_it_is_mostly_away(phase_us: int, duty_us: int) -> None:
    """A square wave of 1 kHz meets each sample at the same phase: all of them are away from rest, or none."""
    spans = [(BEGIN_MS + k + 0.0, BEGIN_MS + k + duty_us / 1000) for k in range(3000)]
    is_away = 0 < phase_us < duty_us or phase_us == 0
    assert bool(alarms(spans, phase_us)) == is_away


@given(st.integers(2, 11), st.floats(0.1, 0.49), PHASES_US)
def test_a_contact_that_is_away_less_than_half_the_time_is_no_alarm(period_ms: int, duty: float, phase_us: int) -> None:
    away_ms = int(period_ms * duty)
    spans = [(BEGIN_MS + k + 0.5, BEGIN_MS + k + 0.5 + away_ms) for k in range(0, 6000, period_ms)]
    assert alarms(spans, phase_us) == []
