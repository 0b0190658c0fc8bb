"""The pulse: heartbeats to the millisecond, and troubles that last are told once a minute."""

from support_virtual import CLOCK, FakeHal, Tape, run_for
from tocsin.wall_clock import WallClock
from tocsin_fw import pulse
from tocsin_fw.pulse import Pulse

HEARTBEAT = 6
SAMPLES_LOST, STILL, BAD_FRAMES, HEAP_LOW, HOST_CLOCK, CLOCK_ERROR = 3, 4, 5, 17, 18, 19
UTC_MS = 1_800_000_000_000


class _Session:
    damaged_count = 0


class _Contacts:
    def tend(self):
        pass


class _TimedTape(Tape):
    def __init__(self):
        super().__init__()
        self.beats_ms = []

    def record(self, *arguments, **named):
        super().record(*arguments, **named)
        self.beats_ms.append(CLOCK.now_ms)


class _Bench:
    def __init__(self):
        CLOCK.now_ms = 0
        self.hal, self.tape, self.session = FakeHal(), _TimedTape(), _Session()
        self.pulse = Pulse(self.hal, self.tape, _Contacts(), [self.session])

    def run(self, duration_ms):
        run_for(duration_ms, self.pulse.run(lambda: None))
        return self.tape.troubles


def test_heartbeats_come_at_exact_multiples_of_ten_seconds():
    bench = _Bench()
    bench.hal.sampler.offset = 337  # the task starts somewhere within a second
    assert bench.run(60_000) == []
    assert [at_ms + 337 for at_ms in bench.tape.beats_ms] == [10_000, 20_000, 30_000, 40_000, 50_000, 60_000]
    assert {(r[0], r[1], r[4]) for r in bench.tape.records} == {(HEARTBEAT, 255, 27_000)}


def test_a_task_that_wakes_a_moment_early_does_not_put_its_heartbeat_off_by_a_second():
    bench = _Bench()
    for at_ms in (9_999, 10_000, 10_999, 19_991, 20_003):
        CLOCK.now_ms = at_ms
        bench.pulse.tick()
    assert bench.tape.beats_ms == [9_999, 19_991]


def test_a_heartbeat_missed_is_not_made_up_for():
    bench = _Bench()
    CLOCK.at(12_500, setattr, bench.hal.sampler, "offset", 25_000)
    bench.run(24_000)
    # The count leapt from 12.5 s to 37.5 s: one beat at the next second, then in step again.
    assert [at_ms + 25_000 for at_ms in bench.tape.beats_ms[1:]] == [38_000, 40_000]


def test_a_heartbeat_counts_the_records_since_the_last_and_survives_a_dead_thermometer():
    bench = _Bench()
    del bench.hal.readings["chip"]
    bench.tape.made_count = 4
    bench.run(20_500)
    assert [(r[4], r[5]) for r in bench.tape.records] == [(0x7FFFFFFF, 4), (0x7FFFFFFF, 1)]


def test_lost_samples_are_told_at_once_and_then_once_a_minute():
    bench = _Bench()
    for second in range(3, 200):
        CLOCK.at(second * 1000 - 500, setattr, bench.hal.sampler, "lost_count", second * 10)
    assert bench.run(130_000) == [
        (3000, SAMPLES_LOST, 30),
        (63_000, SAMPLES_LOST, 600),
        (123_000, SAMPLES_LOST, 600),
    ]


def test_bad_frames_are_told_at_most_once_a_minute():
    bench = _Bench()
    for at_ms, count in ((1500, 1), (2500, 7), (200_500, 8)):
        CLOCK.at(at_ms, setattr, bench.session, "damaged_count", count)
    assert bench.run(300_000) == [(2000, BAD_FRAMES, 1), (62_000, BAD_FRAMES, 6), (201_000, BAD_FRAMES, 1)]


def test_a_host_without_a_clock_is_told_at_most_once_a_minute():
    bench = _Bench()
    for at_ms in (1500, 2500, 200_500):
        CLOCK.at(at_ms, bench.tape.clock.set, at_ms, 5, 0)
    assert bench.run(300_000) == [(2000, HOST_CLOCK, 1), (62_000, HOST_CLOCK, 1), (201_000, HOST_CLOCK, 1)]


def test_a_clock_that_nobody_set_for_an_hour_is_told_once():
    bench = _Bench()
    for CLOCK.now_ms in range(0, 9_000_000, 60_000):
        bench.pulse._health(CLOCK.now_ms)
    assert bench.tape.troubles == [(3_600_000, CLOCK_ERROR, 0)]


def test_a_clock_that_may_be_ten_seconds_off_is_told_once_until_it_is_set_again():
    bench, clock = _Bench(), WallClock()
    bench.tape.clock = clock
    clock.set(0, UTC_MS, 4_000)
    for now_ms in range(0, 230_000_000, 60_000):
        if now_ms == 180_000_000:
            clock.set(now_ms, UTC_MS + now_ms, 9_000)
        CLOCK.now_ms = now_ms
        bench.pulse._health(now_ms)
    # A millisecond more for every 20 s: 6000 of them after 33 h, 1000 after five and a half.
    assert bench.tape.troubles == [(120_000_000, CLOCK_ERROR, 10_000), (200_040_000, CLOCK_ERROR, 10_002)]


def test_a_heap_that_is_nearly_full_is_told_once_for_each_crossing():
    bench = _Bench()
    free, is_collected = [100_000], []
    fake = type("gc", (), {"mem_free": lambda: free[0], "collect": lambda: is_collected.append(1)})
    pulse.gc, real = fake, pulse.gc
    try:
        for bytes_free in (8192, 8191, 5000, 8192, 4000):
            free[0] = bytes_free
            bench.pulse._health(0)
    finally:
        pulse.gc = real
    assert [entry[1:] for entry in bench.tape.troubles] == [(HEAP_LOW, 8191), (HEAP_LOW, 4000)]
    assert len(is_collected) == 3


def test_a_sampler_that_stands_still_is_told_at_once_and_then_once_a_minute():
    bench = _Bench()
    CLOCK.at(5000, bench.hal.sampler.stand, True)
    CLOCK.at(90_250, bench.hal.sampler.stand, False)
    troubles = bench.run(130_000)
    # It stood from 5 s on, seen first a second later; `count` is how long it has been seen to stand.
    assert [code for _, code, _ in troubles] == [STILL, STILL]
    assert troubles == [(6000, STILL, 1000), (66_000, STILL, 61_000)]


def test_a_sampler_that_stands_again_is_told_again():
    bench = _Bench()
    for at_ms, stands in ((5000, True), (7500, False), (9250, True)):
        CLOCK.at(at_ms, bench.hal.sampler.stand, stands)
    codes = [code for _, code, _ in bench.run(14_000)]
    assert codes == [STILL, STILL]
