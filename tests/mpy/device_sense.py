"""Contacts: transitions and alarms from the ring, the index that wraps, layers, gates, and inputs that chatter."""

from support_virtual import CLOCK, FakeSampler, Tape
from tocsin.edge_ring import INDEX_MASK, EdgeRing
from tocsin.zone import Zone
from tocsin_fw.sense import Contact, Contacts

TRANSITION, CHATTER = 1, 19
EVIDENCE, ALARM = 0, 1


class _Bench:
    def __init__(self, now_ms=10_000, *more):
        CLOCK.now_ms = now_ms
        self.sampler = FakeSampler(EdgeRing(64))
        self.tape = Tape()
        self.announced = []
        self.warned = []
        entries = ({"pin": 0}, {"pin": 5}) + more
        zones = [Contact(Zone(i + 1, "1331"), entry) for i, entry in enumerate(entries)]
        self.contacts = Contacts(zones, self.sampler, self.tape, self)

    def announce(self, zone, state, value, count, at_ms):
        zone.state = state
        self.announced.append((zone.number, state, value, count, at_ms))

    def warn(self, number, code, value, at_ms):
        self.warned.append((number, code, at_ms))

    def push(self, at_ms, flips, levels, layer):
        self.sampler.ring.push(at_ms & INDEX_MASK, flips, levels, layer)
        return self.contacts.drain(600)

    def toggle(self, times, every_ms):
        """Transitions of the first contact, `every_ms` apart."""
        for turn in range(times):
            self.push(CLOCK.now_ms, 1, turn & 1, EVIDENCE)
            self.wait(every_ms)

    def wait(self, duration_ms):
        """Let time pass, with the pulse's look at every full second."""
        end_ms = CLOCK.now_ms + duration_ms
        while CLOCK.now_ms < end_ms:
            CLOCK.now_ms = min(end_ms, CLOCK.now_ms - CLOCK.now_ms % 1000 + 1000)
            if CLOCK.now_ms % 1000 == 0:
                self.contacts.tend()

    def told(self, kind):
        return [r for r in self.tape.records if r[0] == kind]


def test_the_evidence_layer_is_told_and_the_alarm_layer_moves_the_zone():
    bench = _Bench()
    bench.push(9000, 1, 1, EVIDENCE)
    bench.push(9215, 1, 1, ALARM)
    bench.push(9500, 1, 0, EVIDENCE)
    bench.push(9715, 1, 0, ALARM)
    assert [(r[1], r[4], r[6]) for r in bench.told(TRANSITION)] == [(1, 1, 9000), (1, 0, 9500)]
    assert bench.announced == [(1, 1, 0, 0, 9215), (1, 0, 0, 0, 9715)]


def test_contacts_that_flip_together_are_told_each_and_other_pins_are_not_ours():
    bench = _Bench()
    bench.push(9000, 0b1110_0001, 0b0010_0000, EVIDENCE)
    assert [(r[1], r[4]) for r in bench.told(TRANSITION)] == [(1, 0), (2, 1)]


def test_all_that_waits_in_the_ring_is_drained():
    bench = _Bench()
    for at_ms in range(9000, 9030):
        bench.sampler.ring.push(at_ms, 32, 32, EVIDENCE)
    bench.contacts.drain(600)
    assert len(bench.told(TRANSITION)) == 30 and len(bench.sampler.ring) == 0


def test_an_index_that_wrapped_keeps_its_full_time():
    wrap_ms = 3 << 30
    bench = _Bench(wrap_ms + 20)
    for at_ms in (wrap_ms - 5, wrap_ms, wrap_ms + 20):
        bench.push(at_ms, 1, 1, EVIDENCE)
    assert [r[6] for r in bench.told(TRANSITION)] == [wrap_ms - 5, wrap_ms, wrap_ms + 20]


def test_what_is_active_as_the_gateway_starts_was_found_so():
    bench = _Bench(700)
    bench.push(600, 1, 1, ALARM)
    bench.push(601, 32, 33, ALARM)
    assert bench.announced == [(1, 1, 0, 1, 600), (2, 1, 0, 0, 601)]


def test_forty_transitions_in_ten_seconds_are_no_chatter():
    bench = _Bench()
    bench.toggle(40, 200)
    bench.wait(30_000)
    assert len(bench.told(TRANSITION)) == 40 and bench.told(CHATTER) == []


def test_beyond_forty_they_are_left_out_and_counted_when_the_input_is_calm():
    bench = _Bench()
    bench.toggle(300, 20)
    assert len(bench.told(TRANSITION)) == 40 and bench.told(CHATTER) == []
    bench.wait(30_000)
    assert [(r[1], r[5]) for r in bench.told(CHATTER)] == [(1, 260)]
    bench.push(CLOCK.now_ms, 1, 1, EVIDENCE)
    assert len(bench.told(TRANSITION)) == 41


def test_an_input_that_chatters_on_does_not_fill_the_journal():
    bench = _Bench()
    bench.toggle(6000, 100)  # ten minutes
    assert len(bench.tape.records) == 40
    bench.wait(30_000)
    assert [r[5] for r in bench.told(CHATTER)] == [5960]


def test_an_input_that_slows_down_is_calm_without_standing_still():
    bench = _Bench()
    bench.toggle(100, 20)
    bench.toggle(60, 1000)
    chatter = bench.told(CHATTER)
    assert len(chatter) == 1 and len(bench.told(TRANSITION)) + chatter[0][5] == 160


def test_chatter_keeps_no_alarm_back_nor_another_input():
    bench = _Bench()
    bench.toggle(100, 10)
    bench.push(CLOCK.now_ms, 1, 1, ALARM)
    bench.push(CLOCK.now_ms, 32, 32, EVIDENCE)
    assert len(bench.announced) == 1 and bench.told(TRANSITION)[-1][1] == 2


def test_a_full_ring_leaves_no_zone_in_a_wrong_state():
    bench = _Bench()
    for turn in range(64):
        bench.sampler.ring.push(9000 + turn, 32, 32 * (turn & 1), EVIDENCE)
    bench.sampler.ring.push(9300, 1, 1, ALARM)  # dropped: the ring is full
    assert bench.sampler.ring.dropped == 1
    bench.sampler.words = {ALARM: 1}
    bench.contacts.drain(600)
    assert bench.announced == [(1, 1, 0, 0, 10_000), (2, 0, 0, 0, 10_000)]
    bench.contacts.drain(600)
    assert len(bench.announced) == 2


def test_a_fast_contact_is_moved_by_the_evidence_layer():
    bench = _Bench(10_000, {"pin": 7, "layer": 0})
    bench.push(9000, 128, 128, EVIDENCE)
    assert bench.announced == [(3, 1, 0, 0, 9000)] and len(bench.told(TRANSITION)) == 1
    bench.push(9215, 128, 128, ALARM)
    bench.push(9300, 128, 0, EVIDENCE)
    assert bench.announced[1:] == [(3, 0, 0, 0, 9300)]


def test_a_zone_that_was_left_in_alarm_is_told_that_it_rests_though_its_alarm_was_never_confirmed():
    bench = _Bench(10_000, {"pin": 7, "confirm_ms": 1000})
    zone = bench.contacts._contacts[2].zone
    zone.state = 1  # as the guard remembers it
    bench.push(10_000, 128, 128, ALARM)
    bench.wait(500)
    assert bench.announced == []
    bench.push(10_500, 128, 0, ALARM)
    assert bench.announced == [(3, 0, 0, 0, 10_500)]


def test_a_confirmed_alarm_bears_the_time_it_was_due_and_drain_says_that_it_waits():
    bench = _Bench(10_000, {"pin": 7, "confirm_ms": 1000})
    assert bench.push(10_000, 128, 128, ALARM) is True and bench.announced == []
    CLOCK.now_ms = 10_999
    assert bench.contacts.drain(600) is True and bench.announced == []
    CLOCK.now_ms = 11_013
    assert bench.contacts.drain(600) is False
    assert bench.announced == [(3, 1, 0, 0, 11_000)]


def test_an_alarm_that_lasted_and_ended_before_anyone_looked_is_not_lost():
    bench = _Bench(20_000, {"pin": 7, "confirm_ms": 1000})
    bench.sampler.ring.push(10_000, 128, 128, ALARM)
    bench.sampler.ring.push(11_500, 128, 0, ALARM)
    bench.contacts.drain(600)
    assert bench.announced == [(3, 1, 0, 0, 11_000), (3, 0, 0, 0, 11_500)]


def test_what_was_so_at_start_and_is_confirmed_later_was_found_so():
    bench = _Bench(700, {"pin": 7, "confirm_ms": 5000})
    bench.push(500, 128, 128, ALARM)
    CLOCK.now_ms = 6000
    bench.contacts.drain(600)
    assert bench.announced == [(3, 1, 0, 1, 5500)]


def test_a_detector_that_is_masked_or_constant_is_a_warning_that_ends():
    bench = _Bench(10_000, {"pin": 7, "quiet_s": 100, "constant_s": 50})
    bench.tape.mode = 0
    bench.wait(100_000)
    assert [(n, code) for n, code, _ in bench.warned] == [(3, 3)]
    bench.push(CLOCK.now_ms, 128, 128, ALARM)
    bench.wait(60_000)
    bench.push(CLOCK.now_ms, 128, 0, ALARM)
    assert [(n, code) for n, code, _ in bench.warned] == [(3, 3), (3, 3 + 256), (3, 4), (3, 4 + 256)]


def test_one_pulse_of_two_is_a_warning_only():
    bench = _Bench(10_000, {"pin": 7, "pulses": 2, "pulse_window_s": 10})
    bench.push(10_000, 128, 128, ALARM)
    bench.wait(400)
    bench.push(CLOCK.now_ms, 128, 0, ALARM)
    bench.wait(20_000)
    assert bench.announced == [] and [(n, code) for n, code, _ in bench.warned] == [(3, 9)]
    for at_ms in (31_000, 33_000):
        bench.wait(at_ms - CLOCK.now_ms)
        bench.push(at_ms, 128, 128, ALARM)
        bench.wait(300)
        bench.push(at_ms + 300, 128, 0, ALARM)
    assert [(n, code) for n, code, _ in bench.warned] == [(3, 9)]
    assert bench.announced == [(3, 1, 0, 0, 33_000), (3, 0, 0, 0, 33_300)]
