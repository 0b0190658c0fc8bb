"""What goes out when: the window, what was lost, what is gone, what is urgent (docs/link.md, "A session")."""

from tocsin import host_messages, messages
from tocsin.errors import JournalError
from tocsin.event import TYPE_ALARM, TYPE_FAULT, TYPE_HEARTBEAT, TYPE_SERVICE, TYPE_TAMPER, TYPE_TROUBLE
from tocsin.messages import GONE, RECORD
from tocsin.send_window import GIVE_UP_AFTER_MS, URGENT_MAX, URGENT_TYPES, SendWindow

KEY = bytes(range(32))


class Records:
    """A journal of numbers: record n bears its number and its type, and its mac is n four times over."""

    def __init__(self, kept):
        self.kept = sorted(kept)
        self.next_seq = self.kept[-1] + 1 if self.kept else 0
        self.acked_seq = 0
        self.urgent = set()
        self.damaged = set()
        self.reads = 0

    def oldest_seq(self):
        return self.kept[0] if self.kept else self.next_seq

    def add(self, count=1):
        for _ in range(count):
            self.kept.append(self.next_seq)
            self.next_seq += 1

    def first_from(self, seq):
        return min([kept for kept in self.kept if kept >= seq] or [self.next_seq])

    def read(self, seq):
        self.reads += 1
        if seq not in self.kept or seq in self.damaged:
            raise JournalError("record %d is not there" % seq)
        kind = TYPE_ALARM if seq in self.urgent else TYPE_HEARTBEAT
        return bytes((0xA5, kind)) + bytes(58) + seq.to_bytes(4, "little")

    def mac_before(self, seq):
        if seq not in self.kept or seq - 1 in self.damaged:
            raise JournalError("record %d is not there" % seq)
        return mac(seq - 1)


def mac(seq):
    return (seq & 0xFFFFFFFF).to_bytes(4, "little") * 4


class Bench:
    """A window that was opened, in time that the test sets."""

    def __init__(self, kept=range(10), next_seq=0, urgent=()):
        self.records = Records(kept)
        self.records.urgent = set(urgent)
        self.window = SendWindow(self.records)
        self.window.open(next_seq, KEY, 0)
        self.now_ms = 0

    def sent(self, at_ms=None):
        """Numbers of the records sent now, those in the longer form as (number, mac); gone ones as (first, last)."""
        self.now_ms = self.now_ms if at_ms is None else at_ms
        found = []
        while True:
            bodies = self.window.take(self.now_ms)
            if not bodies:
                return found
            assert len(bodies) <= 8 + URGENT_MAX
            found += [numbers(body) for body in bodies]

    def ack(self, next_seq, *later, from_seq=None):
        from_seq = next_seq if from_seq is None else from_seq
        self.window.acknowledge(next_seq, from_seq, sum([1 << (seq - from_seq) for seq in later]), self.now_ms)


def numbers(body):
    if body[0] == GONE:
        assert messages.is_sealed(KEY, body)
        return host_messages.decode_gone(body)
    assert body[0] == RECORD
    record, previous = host_messages.decode_record(body)
    seq = int.from_bytes(record[60:], "little")
    return seq if previous is None else (seq, previous)


def test_what_the_host_has_is_not_sent():
    assert Bench(next_seq=7).sent() == [7, 8, 9]


def test_host_that_is_ahead_gets_nothing_until_there_is_more():
    bench = Bench(next_seq=50)
    assert bench.records.acked_seq == 10 and bench.sent() == []
    bench.records.add()
    assert bench.sent() == [10]
    bench.ack(50)
    assert bench.records.acked_seq == 11


def test_window_is_32_beyond_the_last_acknowledged():
    bench = Bench(range(100), 5)
    assert bench.sent() == list(range(5, 37))
    assert bench.sent() == []
    bench.ack(6)
    assert bench.sent() == [37]
    bench.ack(30)
    assert bench.sent() == list(range(38, 62))


def test_a_few_at_a_time():
    bench = Bench(range(100))
    assert [len(bench.window.take(0)) for _ in range(5)] == [8, 8, 8, 8, 0]


def test_new_record_goes_at_once_and_once():
    bench = Bench(next_seq=10)
    bench.records.add()
    assert bench.sent() == [10]
    assert bench.sent(300) == []


def test_ack_repeated_or_going_back_changes_nothing():
    bench = Bench()
    bench.sent()
    for next_seq in (4, 4, 2):
        bench.ack(next_seq)
        assert bench.records.acked_seq == 4 and bench.sent() == []


def test_ack_beyond_what_there_is_counts_as_all_there_is():
    bench = Bench()
    bench.sent()
    bench.ack(4_000_000_000)
    assert bench.records.acked_seq == 10
    bench.records.add()
    assert bench.sent() == [10]


def test_only_what_is_missing_goes_again_and_at_once():
    bench = Bench(range(8))
    bench.sent()
    bench.ack(2, 4, 6)
    assert bench.sent() == [2, 3, 5]  # 7 may still be on its way
    bench.ack(2, 4, 5, 6)
    assert bench.sent() == [2, 3, 7]  # sent before 5 went out again
    bench.ack(7)
    assert bench.sent() == []
    bench.ack(8)
    assert bench.records.acked_seq == 8


def test_what_the_host_holds_no_longer_goes_again():
    bench = Bench(range(8))
    bench.sent()
    bench.ack(2, 4, 6)
    assert bench.sent() == [2, 3, 5]
    bench.ack(4)
    assert bench.sent() == [4, 6, 7]


def test_what_the_host_has_already_ahead_is_not_sent_in_its_turn():
    bench = Bench(range(40))
    bench.ack(0, 1, 3, 20)
    assert bench.sent() == [seq for seq in range(32) if seq not in (1, 3, 20)]


def test_lowest_few_are_sent_again_after_305_ms_then_ever_later():
    bench = Bench(range(12))
    bench.sent()
    times = []
    for at_ms in range(1, GIVE_UP_AFTER_MS):
        again = bench.sent(at_ms)
        if again:
            assert again == list(range(8))
            times.append(at_ms)
    assert times == [305] + list(range(805, 6000, 500))
    assert not bench.window.is_over(GIVE_UP_AFTER_MS - 1) and bench.window.is_over(GIVE_UP_AFTER_MS)


def test_round_trip_is_measured_and_the_next_probe_follows_it():
    bench = Bench(range(1000))
    for round_ in range(30):
        bench.sent()
        bench.now_ms += 8
        bench.ack(32 * round_ + 32)
    assert bench.window.round_trip_ms == 8
    assert bench.sent() == list(range(960, 992))
    at_ms = bench.now_ms
    times = [later_ms for later_ms in range(600) if bench.sent(at_ms + later_ms)]
    assert times == [17, 17 + 34, 51 + 68, 119 + 136, 255 + 272]


def test_answer_to_a_record_sent_twice_measures_nothing():
    bench = Bench(range(1))
    bench.sent()
    assert bench.sent(305) == [0]
    bench.now_ms = 320
    bench.ack(1)
    assert bench.window.round_trip_ms == 200


def test_progress_gives_another_6_s():
    bench = Bench(range(3))
    bench.sent()
    bench.now_ms = 5000
    bench.ack(1)
    assert not bench.window.is_over(10_999) and bench.window.is_over(11_000)


def test_record_that_the_host_never_takes_does_not_go_round():
    bench = Bench(range(6))
    sent = len(bench.sent())
    at_ms = 0
    while not bench.window.is_over(at_ms):
        at_ms += 10
        bench.now_ms = at_ms
        bench.ack(0, 1, 2, 3, 4, 5)
        sent += len(bench.sent(at_ms))
    assert at_ms == 6010 and sent <= 6 + 1 + 13


def test_host_at_the_oldest_needs_no_mac():
    assert Bench(range(20, 23), 20).sent() == [20, 21, 22]


def test_host_below_the_oldest_gets_the_next_with_its_proof_and_that_the_others_are_gone():
    bench = Bench(range(20, 60), 4)
    assert bench.sent() == [(20, mac(19)), (4, 19)] + list(range(21, 36))
    bench.ack(21)
    assert bench.sent() == list(range(36, 53))


def test_gone_is_said_again_until_it_is_answered():
    bench = Bench(range(20, 22), 4)
    assert bench.sent() == [(20, mac(19)), (4, 19), 21]
    bench.ack(4, 20)
    assert bench.sent(304) == [] and bench.sent(305) == [(20, mac(19)), (4, 19)]
    bench.ack(4, 20, 21)
    assert bench.sent() == []
    bench.ack(22)
    assert bench.records.acked_seq == 22


def test_gone_that_was_lost_is_said_again_when_something_later_is_shown():
    bench = Bench([0, 1, 5, 6])
    assert bench.sent() == [0, 1, (5, mac(4)), (2, 4), 6]
    bench.ack(2, 5, 6)
    assert bench.sent() == [(5, mac(4)), (2, 4)]


def test_holes_in_the_journal_hold_nothing_up_but_a_wide_one_waits_for_its_turn():
    bench = Bench([0, 1, 2, 10, 11, 13, 300])
    assert bench.sent() == [0, 1, 2, (10, mac(9)), (3, 9), 11, (13, mac(12)), (12, 12)]
    bench.ack(13)
    assert bench.sent() == []
    bench.ack(14)
    assert bench.sent() == [(300, mac(299)), (14, 299)]
    bench.ack(14, 300, from_seq=300)
    assert bench.sent(100) == [] and bench.sent(500) == [(300, mac(299)), (14, 299)]
    bench.ack(301)
    assert bench.sent() == []


def test_record_damaged_in_flash_is_gone_and_so_is_the_next_that_nobody_can_prove():
    bench = Bench(range(8))
    bench.records.damaged = {2}
    assert bench.sent() == [0, 1, (4, mac(3)), (2, 3), 5, 6, 7]


def test_journal_that_lost_its_records_waits_for_the_next_one():
    bench = Bench([])
    bench.records.next_seq = 100
    bench.window.open(40, KEY, 0)
    assert bench.sent() == [] and not bench.window.is_over(9999)
    bench.records.add()
    assert bench.sent() == [(100, mac(99)), (40, 99)]


def test_record_dropped_while_it_is_outstanding_is_gone():
    bench = Bench(range(5))
    bench.sent()
    bench.records.kept = [3, 4]
    assert bench.sent(450) == [(3, mac(2)), (0, 2), 4]
    bench.ack(5)
    assert bench.sent() == []


def test_urgent_record_beyond_the_window_goes_first_with_its_proof():
    bench = Bench(range(500), urgent=[40, 41, 300])
    sent = bench.sent()
    assert sent[:2] == [(40, mac(39)), (41, mac(40))]
    assert [seq for seq in sent if isinstance(seq, int)] == list(range(32))


def test_urgent_record_within_the_window_keeps_its_turn():
    assert Bench(range(20), urgent=[7]).sent() == list(range(20))


def test_new_urgent_record_overtakes_the_whole_backlog_at_once():
    bench = Bench(range(5000), urgent=[4000])
    bench.sent()
    bench.records.urgent.add(5000)
    bench.records.add()
    assert bench.sent() == [(5000, mac(4999))]


def test_urgent_records_of_the_past_are_all_found_on_the_way():
    urgent = list(range(100, 2000, 90))
    bench = Bench(range(2000), urgent=urgent)
    ahead, next_seq = [], 0
    while next_seq < 2000:
        sent = bench.sent()
        ahead += [seq[0] for seq in sent if isinstance(seq, tuple)]
        for seq in [seq[0] for seq in sent if isinstance(seq, tuple)]:
            bench.ack(next_seq, seq, from_seq=seq)
        next_seq = max([next_seq] + [seq + 1 for seq in sent if isinstance(seq, int)])
        bench.ack(next_seq)
    assert ahead == urgent
    assert bench.records.reads < 2 * 2000 + len(urgent)  # a second time to look, no more


def test_urgent_record_that_was_lost_goes_again_until_the_host_has_it():
    bench = Bench(range(200), urgent=[60])
    assert bench.sent()[0] == (60, mac(59))
    bench.ack(20)
    assert bench.sent()[0] == (60, mac(59))
    bench.ack(20, 60, from_seq=60)
    bench.ack(52, 60)
    assert bench.sent() == [seq for seq in range(52, 84) if seq != 60]


def test_urgent_record_that_the_host_never_takes_is_left_to_its_turn():
    bench = Bench(range(5000), urgent=[4000])
    times = 0
    for next_seq in range(8, 3000, 8):
        times += (4000, mac(3999)) in bench.sent()
        bench.ack(next_seq)
    assert times == 4


def test_at_most_8_urgent_records_are_on_their_way():
    bench = Bench(range(500), urgent=range(100, 500))
    ahead = [seq[0] for seq in bench.sent() if isinstance(seq, tuple)]
    assert ahead == list(range(100, 108))
    bench.ack(0, 100, 101, from_seq=100)
    assert [seq[0] for seq in bench.sent() if isinstance(seq, tuple)] == [108, 109]


def test_urgent_record_that_is_damaged_in_flash_stops_nothing():
    bench = Bench(range(100), urgent=[50, 60])
    bench.records.damaged = {49, 59}
    assert [seq for seq in bench.sent() if isinstance(seq, tuple)] == []
    bench.records.damaged = {50}
    assert Bench(range(100), urgent=[50]).sent()[0] == (50, mac(49))


def test_urgent_types_are_those_that_a_person_must_see():
    assert URGENT_TYPES == (TYPE_ALARM, TYPE_TAMPER, TYPE_FAULT, TYPE_TROUBLE, TYPE_SERVICE)


def test_what_another_session_acknowledges_is_not_sent():
    bench = Bench(range(100))
    assert bench.sent() == list(range(32))
    bench.records.acked_seq = 40
    assert bench.sent() == list(range(40, 72))
    bench.ack(20)
    assert bench.records.acked_seq == 40 and bench.sent() == []


def test_host_that_lost_its_store_gets_everything_again():
    bench = Bench(range(10), 10)
    assert bench.sent() == []
    bench.records.acked_seq = 0  # said in the welcome of another session
    assert bench.sent() == list(range(10))
