"""The debounce bench: its peers do what they are said to, its judge judges, a bar that falls short fails the command.

Small hand-made inputs only; the figures themselves are the bench's.
"""

import json
from random import Random

import pytest
from click.testing import CliRunner
from tocsin.debounce import ALARM, EVIDENCE
from tocsin_host.cli import tocsin
from tocsin_sim.bench import debounce_run, ours, peers
from tocsin_sim.bench.background import KINDS, Background
from tocsin_sim.bench.bars import Bar, exit_code
from tocsin_sim.bench.debounce_grid import ALGORITHMS, OURS_ALARM, Axes, Grid, Place, run_place
from tocsin_sim.bench.peer_adafruit import adafruit_debouncer
from tocsin_sim.bench.score import Score, score
from tocsin_sim.bench.signals import Activation, Signal, apart_from_samples, make_signal
from tocsin_sim.bench.window import share_reported, window_of

TINY = Axes((2,), ("ganssle", "worn"), (190, 400), (0, 20), tuple(KINDS), 2)
IDLE = Background("idle", 0, Random(0))


def signal(*toggles_ms: float, end_ms: int = 5000) -> Signal:
    return Signal([int(at * 1000) for at in toggles_ms], [], end_ms * 1000)


class Stretches(Background):
    """A background with stretches at given times."""

    def __init__(self, length_ms: int, *starts_ms: int, masks: bool = True) -> None:
        self.masks, self.length_us, self.starts_us = masks, length_ms * 1000, [at * 1000 for at in starts_ms]


def test_lock_out_reports_at_once_and_ignores_what_comes_within_50_ms():
    told = peers.interrupt_with_lock_out(signal(100, 140, 160, 300), IDLE, Random(0))
    assert told == [(100_020, 1), (300_020, 0)]


def test_lock_out_sticks_after_a_short_pulse():
    """The release falls into the lock-out, so the next contact looks like no change."""
    told = peers.interrupt_with_lock_out(signal(100, 130, 1000, 1030), IDLE, Random(0))
    assert told == [(100_020, 1)]


def test_lock_out_serves_edges_of_a_blackout_once_at_its_end():
    assert peers.interrupt_with_lock_out(signal(100, 200), Stretches(400, 50), Random(0)) == []
    assert peers.interrupt_with_lock_out(signal(100, 600), Stretches(400, 50), Random(0))[0] == (450_000, 1)


@pytest.mark.parametrize(("peer", "period_us"), [(peers.polled_50_ms, 50_000), (peers.polled_200_ms, 200_000)])
def test_poll_tells_at_its_next_look_and_misses_what_is_gone_by_then(peer, period_us):
    for seed in range(20):
        (on_us, on), (off_us, off) = peer(signal(1000, 2000), IDLE, Random(seed))
        assert (on, off) == (1, 0)
        assert 0 <= on_us - 1_000_000 < period_us
        assert (off_us - on_us) % period_us == 0
    shorter = signal(1000, 1000 + period_us // 4000)
    seen = sum(bool(peer(shorter, IDLE, Random(seed))) for seed in range(200))
    assert 25 < seen < 75, "a quarter of the period is seen a quarter of the time"


def test_poll_is_held_up_by_a_stretch():
    for at_us, _ in peers.polled_50_ms(signal(1000, 2000), Stretches(400, 990), Random(1))[:1]:
        assert at_us == 1_390_000


def test_delayed_on_off_waits_for_200_ms_without_a_change_that_the_loop_sees():
    for seed in range(20):
        (on_us, on), (off_us, _) = peers.delayed_on_off(signal(1000, 2000), IDLE, Random(seed))
        assert on == 1
        assert 200_000 <= on_us - 1_000_000 < 234_000
        assert 200_000 <= off_us - 2_000_000 < 234_000
        assert peers.delayed_on_off(signal(1000, 1180), IDLE, Random(seed)) == []
        interrupted = signal(1000, 1150, 1180, 3000)
        assert peers.delayed_on_off(interrupted, IDLE, Random(seed))[0][0] >= 1_380_000


def test_adafruit_debouncer_is_the_library_at_its_10_ms_in_virtual_time():
    for seed in range(5):
        (on_us, on), (off_us, off) = adafruit_debouncer(signal(1000, 2000), IDLE, Random(seed))
        assert (on, off) == (1, 0)
        assert 9_000 <= on_us - 1_000_000 <= 12_000
        assert 9_000 <= off_us - 2_000_000 <= 12_000
        assert adafruit_debouncer(signal(1000, 1008, 1500, 1508), IDLE, Random(seed)) == []


def test_ours_flip_at_the_25th_and_240th_sample_and_learn_it_at_the_next_drain():
    one = signal(100, 1000)
    assert ours.flips(one, EVIDENCE) == [(124, 1), (1024, 0)]
    assert ours.flips(one, ALARM) == [(339, 1), (1239, 0)]
    assert ours.learned_us(339, IDLE) == 360_000
    assert ours.learned_us(339, Stretches(400, 340)) == 740_000
    assert ours.learned_us(339, Stretches(400, 340, masks=False)) == 360_000, "a hard interrupt gets through"


def test_samples_are_lost_by_a_stretch_longer_than_the_ring_only():
    assert ours.samples_lost(Stretches(472, 0)) == 0
    assert ours.samples_lost(Stretches(500, 0)) == 28
    assert ours.samples_lost(Stretches(500, 0, masks=False)) == 0


def test_lib_and_oracle_agree_on_many_inputs_at_once_and_a_difference_is_found(monkeypatch):
    signals = [make_signal(400_000, "worn", 20, 2, Random(number)) for number in range(26)]
    assert ours.differences(signals) == 0
    monkeypatch.setitem(ours.THRESHOLDS, ALARM, 241)
    assert ours.differences(signals) > 0


@pytest.mark.parametrize("bounce", ["none", "reed", "ganssle", "worn"])
def test_a_signal_holds_its_activations(bounce):
    made = make_signal(400_000, bounce, 0, 5, Random(3))
    assert made.toggles_us == sorted(set(made.toggles_us))
    assert len(made.activations) == 5
    for one in made.activations:
        assert one.off_us == one.on_us + 400_000
        assert (made.level(one.on_us - 1), made.level(one.on_us), made.level(one.last_us)) == (0, 1, 0)
        assert one.length_us <= 400_000 + 157_000
    apart = apart_from_samples(made)
    assert all(50 <= at_us % 1000 <= 950 for at_us in apart.toggles_us)
    assert apart.toggles_us == sorted(set(apart.toggles_us))


def test_score_counts_missed_false_and_those_below_200_ms():
    activations = [Activation(1_000_000, 1_150_000, 1_190_000), Activation(3_000_000, 3_400_000, 3_400_000)]
    told = [(1_100_000, 1_110_000, 1), (1_300_000, 1_300_000, 0), (2_500_000, 2_500_000, 1)]
    found = score(Signal([], activations, 5_000_000), told)
    assert found == Score(2, reported=1, false=1, below=1, reported_below=1, worst_latency_us=110_000)


def test_window_is_told_from_the_shares():
    window = window_of([(1, 0), (2, 0), (3, 0.5), (4, 1), (5, 0.9), (6, 1), (7, 1)])
    assert (window.never_ms, window.always_ms, window.width_ms) == (2, 6, 4)
    assert window_of([(1, 0), (2, 0.5)]).width_ms is None


def test_our_window_is_a_millisecond_below_240():
    assert share_reported(OURS_ALARM, 239_000, 30, 1) == 0
    assert 0 < share_reported(OURS_ALARM, 239_500, 30, 1) < 1
    assert share_reported(OURS_ALARM, 240_000, 30, 1) == 1


def test_a_place_has_a_cell_for_each_background_and_algorithm_and_repeats():
    place = Place(2, "worn", 400, 20)
    cells, differences = run_place(TINY, 1, place)
    assert [(cell.background, cell.algorithm) for cell in cells] == [(b, a) for b in KINDS for a in ALGORITHMS]
    assert differences == 0
    assert run_place(TINY, 1, place)[0] == cells
    assert run_place(TINY, 2, place)[0] != cells


def test_only_a_bar_that_was_measured_and_falls_short_fails():
    cleared, short, absent = Bar("a", 2, 2), Bar("b", 2.1, 2), Bar("c", None, 2)
    assert [bar.ok for bar in (cleared, short, absent)] == [True, False, None]
    assert (absent.verdict, absent.figures()["ok"]) == ("not run", None)
    assert exit_code([cleared, absent]) == 0
    assert exit_code([cleared, short]) == 1


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """tiny(): the command on a tiny grid, in this process, where there is no image."""
    monkeypatch.setenv("TOCSIN_UF2", str(tmp_path / "absent.uf2"))
    monkeypatch.setitem(debounce_run.MODES, "quick", debounce_run.Mode("quick", TINY, 50, 2, 0, 0))
    monkeypatch.setattr(debounce_run, "run_grid", grid_in_this_process)

    def run():
        result = CliRunner().invoke(tocsin, ["bench", "debounce", "--quick", "--out", str(tmp_path / "out")])
        return result, json.loads((tmp_path / "out" / "bench-debounce.json").read_text("utf-8"))

    return run


def grid_in_this_process(axes: Axes, seed: int, _: int) -> Grid:
    places = [
        Place(2, bounce, pulse_ms, per_s) for bounce in axes.bounces for pulse_ms in (190, 400) for per_s in (0, 20)
    ]
    return Grid([cell for place in places for cell in run_place(axes, seed, place)[0]], 0)


def test_without_an_image_the_emulated_bars_are_not_run_and_never_ok(tiny):
    result, figures = tiny()
    assert result.exit_code == 0, result.output
    assert "The emulated chip did not run: no firmware image at" in result.output
    assert figures["tiers"]["emulated"].startswith("not run: no firmware image")
    assert figures["emulated"] is None
    emulated = [bar for bar in figures["bars"] if bar["name"].startswith("emulated")]
    assert len(emulated) == 8
    assert all(bar["ok"] is None and bar["value"] is None for bar in emulated)
    assert all(bar["ok"] is True for bar in figures["bars"] if bar not in emulated)


def test_json_has_the_grid_the_machine_the_seed_and_the_bars(tiny, tmp_path):
    _, figures = tiny()
    assert (figures["bench"], figures["mode"], figures["seed"]) == ("debounce", "quick", 1)
    assert figures["machine"]["adafruit-circuitpython-debouncer"] == "2.0.15"
    rows = [dict(zip(figures["grid"]["columns"], row, strict=True)) for row in figures["grid"]["rows"]]
    assert len(rows) == 8 * len(KINDS) * len(ALGORITHMS)
    assert {"inputs", "bounce", "pulse_ms", "per_s", "background", "algorithm", "reported", "false"} <= set(rows[0])
    assert all(set(bar) == {"name", "value", "limit", "ok"} for bar in figures["bars"])
    assert set(figures["windows"]) == set(ALGORITHMS)
    assert (tmp_path / "out" / "bench-debounce.png").read_bytes().startswith(b"\x89PNG")


def test_a_bar_that_falls_short_makes_exit_code_1(tiny, monkeypatch):
    monkeypatch.setitem(ours.THRESHOLDS, ALARM, 401)  # misses activations of 400 ms
    result, figures = tiny()
    assert result.exit_code == 1
    assert "FALLS SHORT" in result.output
    assert not figures["bars"][0]["ok"]
    assert figures["bars"][0]["value"] > 0
