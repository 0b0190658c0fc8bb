"""Rounds under any touches, gaps and restarts: nothing is untold, nothing told twice."""

from hypothesis import given
from hypothesis import strategies as st
from tocsin.rounds import BEGUN, COMPLETE, LATE, MISSED, OUT_OF_ORDER, REACHED, Rounds

# 2 March 2026 was a Monday.
BEGIN_S = (20514 * 1440 + 22 * 60) * 60
ZONES = [11, 12, 13, 14]
ROUND = {"round": 3, "zones": ZONES, "start": 22 * 60, "days": 1, "within": 10}
STEPS = st.lists(
    st.tuples(st.integers(1, 1500), st.sampled_from([0, *ZONES, 99]), st.booleans()), min_size=1, max_size=30
)


@given(STEPS)
def test_every_checkpoint_is_told_of_once_and_the_round_ends(steps: list[tuple[int, int, bool]]) -> None:
    told: list[tuple[int, int]] = []

    def emit(kind: int, source: int, before: int, after: int, value: int, count: int, at_ms: int) -> None:
        assert kind == 26
        assert count >> 8 == 3
        told.append((source, value))

    rounds = Rounds([ROUND], emit)
    rounds.tick(BEGIN_S, BEGIN_S // 60, 0)
    now_s = BEGIN_S
    for wait_s, zone, is_restart in steps:
        now_s += wait_s
        if is_restart:
            states, rounds = rounds.states, Rounds([ROUND], emit)
            rounds.resume(states)
        rounds.tick(now_s, now_s // 60, 0)
        if zone:
            rounds.reach(zone, 7, now_s, 0)
    rounds.tick(now_s + 24 * 3600, (now_s + 24 * 3600) // 60, 0)
    assert told[0] == (255, BEGUN)
    assert told.count((255, BEGUN)) == 1
    for zone in ZONES:
        steps_of = [step for source, step in told if source == zone]
        assert steps_of in ([REACHED], [LATE], [OUT_OF_ORDER], [MISSED], [MISSED, LATE])
    is_complete = all(any(step != MISSED for source, step in told if source == zone) for zone in ZONES)
    assert told.count((255, COMPLETE)) == int(is_complete)
    assert (told[-1] == (255, COMPLETE)) == is_complete
    assert all(source in (*ZONES, 255) for source, _ in told)
