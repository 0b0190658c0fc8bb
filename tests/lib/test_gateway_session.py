"""The gateway's end of the link, step by step as docs/link.md tells it, in time that the test sets."""

from tocsin import gateway_session, messages
from tocsin.errors import JournalError
from tocsin.framing import DELIMITER, FrameReader, encode_frame
from tocsin.gateway_session import ACKED, GatewaySession
from tocsin.messages import HELLO, PONG, RECORD, TIME_ASK

LINK_KEY = bytes(range(32))
HOST_NONCE = bytes(range(50, 58))
HOUR_MS = 3_600_000


class Records:
    """A journal of numbers: record n is n sixteen times over, and so is its mac four times."""

    def __init__(self, kept):
        self.kept = sorted(kept)
        self.next_seq = self.kept[-1] + 1 if self.kept else 0

    @property
    def oldest_seq(self):
        return self.kept[0] if self.kept else self.next_seq

    def add(self, count=1):
        for _ in range(count):
            self.kept.append(self.next_seq)
            self.next_seq += 1

    def first_from(self, seq):
        return min([kept for kept in self.kept if kept >= seq] or [self.next_seq])

    def read(self, seq):
        if seq not in self.kept:
            raise JournalError("record %d is not there" % seq)
        return seq.to_bytes(4, "little") * 16

    def mac_before(self, seq):
        if seq not in self.kept:
            raise JournalError("record %d is not there" % seq)
        return mac(seq - 1)


def mac(seq):
    return (seq & 0xFFFFFFFF).to_bytes(4, "little") * 4


class Bench:
    """A session, the host's half of the conversation, and what the gateway said as bodies."""

    def __init__(self, kept=range(10)):
        self.records = Records(kept)
        self.fresh = 0
        self.hello = messages.Hello("gallery", bytes(8), bytes(8), 1, 0, 0, 0, self.random(8))
        self.session = GatewaySession(self.hello, LINK_KEY, self.records, self.random)
        self.reader = FrameReader()
        self.now_ms = 0
        self.key = b""
        self.number = 0

    def random(self, count):
        self.fresh += 1
        return bytes((self.fresh,)) * count

    def said(self, at_ms=None):
        self.now_ms = self.now_ms if at_ms is None else at_ms
        return self.reader.receive(self.session.transmit(self.now_ms))

    def tell(self, *bodies):
        return self.session.receive(b"".join([encode_frame(body) for body in bodies]), self.now_ms)

    def welcome(self, next_seq=0, nonce=HOST_NONCE):
        self.key = messages.session_key(LINK_KEY, self.hello.nonce, nonce)
        self.number = 0
        return self.tell(messages.encode_welcome(self.key, bytes(8), next_seq, nonce))

    def ack(self, next_seq, resend=False):
        self.number += 1
        return self.tell(messages.encode_ack(self.key, self.number, next_seq, resend))

    def pushed(self, at_ms=None):
        """Numbers of the records sent now; those in the longer form as (number, mac)."""
        return [numbers(body) for body in self.said(at_ms) if body[0] == RECORD]

    def open(self, next_seq=0):
        """A session in which the first window was sent."""
        assert self.said()[0][0] == HELLO
        self.welcome(next_seq)
        return self.pushed()


def numbers(body):
    record, previous = messages.decode_record(body)
    seq = int.from_bytes(record[:4], "little")
    return seq if previous is None else (seq, previous)


def kinds(bodies):
    return [body[0] for body in bodies]


def test_hello_backs_off_1_2_4_8_10_10_seconds():
    bench = Bench()
    times = [at_ms for at_ms in range(0, 60_000, 500) if kinds(bench.said(at_ms)) == [HELLO]]
    assert times == [0, 1000, 3000, 7000, 15000, 25000, 35000, 45000, 55000]


def test_first_bytes_after_a_connection_are_a_delimiter():
    bench = Bench()
    assert bench.session.transmit(0)[:1] == DELIMITER
    assert bench.session.transmit(1000)[:1] != DELIMITER
    bench.session.line_lost()
    assert bench.session.transmit(1001)[:1] == DELIMITER


def test_hello_tells_how_things_stand_now():
    bench = Bench(range(5, 9))
    body = bench.said()[0]
    assert messages.is_sealed(LINK_KEY, body)
    hello = messages.decode_hello(body)
    assert (hello.name, hello.oldest_seq, hello.next_seq) == ("gallery", 5, 9)
    bench.records.add()
    bench.hello.command_counter = 77
    again = messages.decode_hello(bench.said(1000)[0])
    assert (again.next_seq, again.command_counter, again.nonce) == (10, 77, hello.nonce)


def test_hello_of_a_gateway_without_records_has_equal_numbers():
    hello = messages.decode_hello(Bench([]).said()[0])
    assert (hello.oldest_seq, hello.next_seq) == (0, 0)


def test_who_brings_a_hello_at_once_and_starts_the_back_off_again():
    bench = Bench()
    for at_ms in (0, 1000, 3000, 7000):
        assert kinds(bench.said(at_ms)) == [HELLO]
    bench.tell(bytes((messages.WHO,)))
    times = [at_ms for at_ms in range(7500, 20_000, 500) if kinds(bench.said(at_ms)) == [HELLO]]
    assert times == [7500, 8500, 10500, 14500]


def test_nonce_serves_one_session():
    bench = Bench()
    first = messages.decode_hello(bench.said()[0]).nonce
    bench.tell(bytes((messages.WHO,)))
    assert messages.decode_hello(bench.said()[0]).nonce == first
    bench.welcome()
    bench.tell(bytes((messages.WHO,)))
    second = messages.decode_hello(bench.said()[0]).nonce
    assert second != first and not bench.session.is_up
    old = messages.session_key(LINK_KEY, first, HOST_NONCE)
    bench.tell(messages.encode_welcome(old, bytes(8), 0, HOST_NONCE))
    assert not bench.session.is_up and bench.session.damaged_count == 1


def test_who_and_welcome_crossing_open_one_session():
    bench = Bench()
    bench.said()
    bench.tell(bytes((messages.WHO,)))
    assert kinds(bench.said()) == [HELLO]
    assert bench.welcome() == [(ACKED, 0)]
    assert bench.welcome() == []
    bench.number = 0
    assert bench.ack(3) == [(ACKED, 3)] and bench.session.damaged_count == 0


def test_second_welcome_cannot_replace_the_session():
    bench = Bench()
    bench.open()
    bench.ack(3)
    key = bench.key
    assert bench.welcome(9, bytes(8)) == []
    bench.key, bench.number = key, 1
    assert bench.ack(4) == [(ACKED, 4)]


def test_welcome_tells_what_the_host_has():
    bench = Bench()
    bench.said()
    assert bench.welcome(7) == [(ACKED, 7)]
    assert bench.pushed() == [7, 8, 9]


def test_host_that_is_ahead_gets_nothing_until_there_is_more():
    bench = Bench()
    bench.said()
    assert bench.welcome(50) == [(ACKED, 10)]
    assert bench.pushed() == []
    bench.records.add()
    assert bench.pushed() == [10]
    assert bench.ack(50) == [(ACKED, 11)]


def test_window_is_32_beyond_the_last_acknowledged():
    bench = Bench(range(100))
    assert bench.open(5) == list(range(5, 37))
    assert bench.pushed() == []
    bench.ack(6)
    assert bench.pushed() == [37]
    bench.ack(30)
    assert bench.pushed() == list(range(38, 62))


def test_new_record_goes_at_once_and_once():
    bench = Bench()
    bench.open(10)
    bench.records.add()
    assert bench.pushed() == [10]
    assert bench.pushed(1500) == []


def test_resent_after_2_s_and_after_the_third_time_the_session_is_over():
    bench = Bench(range(3))
    assert bench.open() == [0, 1, 2]
    assert bench.pushed(1999) == []
    assert bench.pushed(2000) == [0, 1, 2]
    assert bench.pushed(3999) == []
    assert bench.pushed(4000) == [0, 1, 2]
    assert kinds(bench.said(5999)) == []
    assert kinds(bench.said(6000)) == [HELLO]
    assert not bench.session.is_up
    bench.welcome(1)
    assert bench.pushed() == [1, 2]


def test_progress_starts_the_three_times_again():
    bench = Bench(range(3))
    bench.open()
    assert bench.pushed(2000) == [0, 1, 2]
    assert bench.pushed(4000) == [0, 1, 2]
    bench.now_ms = 5000
    bench.ack(1)
    assert bench.pushed(6999) == []
    assert bench.pushed(7000) == [1, 2]
    assert bench.pushed(9000) == [1, 2]
    assert kinds(bench.said(11000)) == [HELLO]


def test_without_records_outstanding_the_session_lasts():
    bench = Bench()
    bench.open(10)
    assert bench.said(HOUR_MS - 1) != [] and bench.session.is_up


def test_host_below_the_oldest_gets_the_mac_before_it():
    bench = Bench(range(20, 60))
    sent = bench.open(4)
    assert sent == [(20, mac(19))] + list(range(21, 52))
    bench.ack(20 + 7)
    assert bench.pushed() == list(range(52, 59))


def test_host_at_the_oldest_needs_no_mac():
    assert Bench(range(20, 23)).open(20) == [20, 21, 22]


def test_hole_in_the_journal_is_bridged_by_the_mac_before_the_next():
    bench = Bench([0, 1, 2, 300, 301, 600])
    assert bench.open() == [0, 1, 2, (300, mac(299))]
    bench.ack(301)
    assert bench.pushed() == [301, (600, mac(599))]
    bench.ack(601)
    assert bench.pushed() == []


def test_journal_that_lost_its_records_waits_for_the_next_one():
    bench = Bench([])
    bench.records.next_seq = 100
    assert bench.open(40) == [] and bench.session.is_up
    assert bench.pushed(HOUR_MS) == [] and bench.session.is_up
    bench.records.add()
    assert bench.pushed() == [(100, mac(99))]


def test_record_dropped_while_it_is_outstanding_is_skipped():
    bench = Bench(range(5))
    bench.open()
    bench.records.kept = [3, 4]
    assert bench.pushed(2000) == [(3, mac(2)), 4]


def test_ack_repeated_or_going_back_changes_nothing():
    bench = Bench()
    bench.open()
    assert bench.ack(4) == [(ACKED, 4)]
    assert bench.ack(4) == [(ACKED, 4)]
    assert bench.ack(2) == [(ACKED, 4)]
    assert bench.pushed() == []


def test_ack_beyond_what_there_is_counts_as_all_there_is():
    bench = Bench()
    bench.open()
    assert bench.ack(4_000_000_000) == [(ACKED, 10)]
    bench.records.add()
    assert bench.pushed() == [10]


def test_resend_flag_is_obeyed_once_until_there_is_progress():
    bench = Bench(range(6))
    bench.open()
    bench.ack(2, True)
    assert bench.pushed() == [2, 3, 4, 5]
    bench.ack(2, True)
    assert bench.pushed() == []
    bench.ack(4, True)
    assert bench.pushed() == [4, 5]
    bench.ack(4, True)
    assert bench.pushed(1999) == []


def test_record_that_the_host_never_takes_ends_the_session_and_does_not_go_round():
    bench = Bench(range(6))
    bench.open()
    sent = 0
    at_ms = 0
    while bench.session.is_up and at_ms < HOUR_MS:
        bench.ack(0, True)
        sent += len(bench.pushed(at_ms))
        at_ms += 10
    assert (at_ms - 10, sent) == (6000, 3 * 6)


def test_time_is_asked_after_a_welcome_and_every_600_s():
    bench = Bench(range(1))
    bench.said()
    bench.welcome(1)
    asks = [at_ms for at_ms in range(0, 1_300_000, 100) if TIME_ASK in kinds(bench.said(at_ms))]
    assert asks == [0, 600_000, 1_200_000]


def test_time_ask_carries_the_uptime_and_its_answer_half_the_round_trip():
    bench = Bench()
    bench.said(5000)
    bench.welcome(10)
    asked = messages.decode_time_ask(bench.said(5200)[-1])
    assert asked == 5200
    for waited_ms, event in ((0, (0, 0)), (1, (0, 1)), (300, (150, 150)), (2000, (1000, 1000)), (2001, None)):
        bench.now_ms = asked + waited_ms
        bench.number += 1
        events = bench.tell(messages.encode_time(bench.key, bench.number, asked, 1_790_000_000_000))
        expected = [] if event is None else [(gateway_session.TIME, 1_790_000_000_000 + event[0], event[1])]
        assert events == expected, waited_ms


def test_ping_is_answered_with_its_bytes_and_a_flood_is_not_kept():
    bench = Bench()
    bench.open()
    bench.tell(bytes((messages.PING,)) + b"12345678extra", bytes((messages.PING,)))
    assert bench.said() == [bytes((PONG,)) + b"12345678", bytes((PONG,))]
    bench.tell(*[bytes((messages.PING, n & 0xFF)) for n in range(1000)])
    assert len(bench.said()) == 4


def test_damaged_count_never_goes_back():
    bench = Bench()
    bench.session.receive(b"\x05\x01\0\x05\x01\0\x03\x01", 0)
    assert bench.session.damaged_count == 2
    bench.session.line_lost()
    assert bench.session.damaged_count == 2
    bench.session.receive(b"\x05\x01\0", 0)
    assert bench.session.damaged_count == 3


def test_line_lost_ends_the_session_and_forgets_half_a_frame():
    bench = Bench()
    bench.open()
    whole = encode_frame(bytes((messages.PING,)))
    bench.session.receive(whole + whole[:3], 0)
    bench.session.line_lost()
    assert not bench.session.is_up
    bench.session.receive(whole, 0)
    assert kinds(bench.said()) == [PONG, HELLO]


def test_command_is_reported_in_and_outside_a_session():
    bench = Bench()
    command = messages.encode_command(LINK_KEY, 9, 1, -1)
    assert bench.tell(command) == [(gateway_session.COMMAND, 9, 1, -1)]
    bench.open()
    assert bench.tell(command) == [(gateway_session.COMMAND, 9, 1, -1)]
    forged = messages.encode_command(bytes(32), 9, 1, -1)
    assert bench.tell(forged) == [(gateway_session.FORGED_COMMAND, 9, 1)]
    assert bench.session.damaged_count == 1


def test_refused_is_reported_and_hello_goes_on():
    bench = Bench()
    bench.said()
    assert bench.tell(bytes((messages.REFUSED, 2))) == [(gateway_session.REFUSED, 2)]
    assert bench.tell(bytes((messages.REFUSED,))) == [(gateway_session.REFUSED, 0)]
    assert kinds(bench.said(1000)) == [HELLO]
