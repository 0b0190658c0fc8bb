"""Contacts: transitions and alarms from the ring, the index that wraps, and inputs that chatter."""

from support_virtual import CLOCK, FakeSampler, Tape
from tocsin.edge_ring import INDEX_MASK, EdgeRing
from tocsin.zone import Zone
from tocsin_fw.sense import Contact, Contacts

TRANSITION, CHATTER = 1, 19
EVIDENCE, ALARM = 0, 1


class _Bench:
    def __init__(self, now_ms=10_000):
        CLOCK.now_ms = now_ms
        self.sampler = FakeSampler(EdgeRing(64))
        self.tape = Tape()
        self.announced = []
        zones = [Contact(Zone(number, "1331"), pin) for number, pin in ((1, 0), (2, 5))]
        self.contacts = Contacts(zones, self.sampler, self.tape, self._announce)

    def _announce(self, zone, state, value, count, at_ms):
        self.announced.append((zone.number, state, value, count, at_ms))

    def push(self, at_ms, flips, levels, layer):
        self.sampler.ring.push(at_ms & INDEX_MASK, flips, levels, layer)
        self.contacts.drain(600)

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
                self.contacts.tell_chatter()

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
