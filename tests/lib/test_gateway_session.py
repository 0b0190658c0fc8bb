"""The gateway's end of the link, step by step as docs/link.md tells it, in time that the test sets."""

from tocsin import gateway_session, host_messages, messages
from tocsin.errors import JournalError
from tocsin.framing import DELIMITER, FrameReader, encode_frame
from tocsin.gateway_session import GatewaySession
from tocsin.messages import HELLO, PONG, TIME_ASK

LINK_KEY = bytes(range(32))
HOST_NONCE = bytes(range(50, 58))
HOUR_MS = 3_600_000


class Records:
    """A journal of numbers: record n is n sixteen times over, and so is its mac four times."""

    def __init__(self, kept):
        self.kept = sorted(kept)
        self.acked_seq = 0
        self.next_seq = self.kept[-1] + 1 if self.kept else 0

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
        self.hello = messages.Hello("gallery", bytes(8), bytes(8), 1, 0, 0, 0, b"")
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
        found = []
        data = self.session.transmit(self.now_ms)
        while data:
            found += self.reader.receive(data)
            data = self.session.transmit(self.now_ms)
        return found

    def tell(self, *bodies):
        return self.session.receive(b"".join([encode_frame(body) for body in bodies]), self.now_ms)

    def welcome(self, next_seq=0, nonce=HOST_NONCE):
        self.key = messages.session_key(LINK_KEY, self.session._nonce, nonce)
        self.number = 0
        return self.tell(host_messages.encode_welcome(self.key, bytes(8), next_seq, nonce))

    def ack(self, next_seq):
        self.number += 1
        self.tell(host_messages.encode_ack(self.key, self.number, next_seq, next_seq, 0))
        return self.records.acked_seq

    def open(self, next_seq=0):
        """A session in which the first window was sent."""
        assert self.said()[0][0] == HELLO
        self.welcome(next_seq)
        self.said()


def kinds(bodies):
    return [body[0] for body in bodies]


def test_hello_backs_off_up_to_10_seconds():
    bench = Bench()
    times = [at_ms for at_ms in range(0, 60_000, 250) if kinds(bench.said(at_ms)) == [HELLO]]
    assert times == [0, 250, 750, 1750, 3750, 7750, 15750, 25750, 35750, 45750, 55750]


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
    hello = host_messages.decode_hello(body)
    assert (hello.name, hello.oldest_seq, hello.next_seq) == ("gallery", 5, 9)
    bench.records.add()
    bench.hello.command_counter = 77
    again = host_messages.decode_hello(bench.said(1000)[0])
    assert (again.next_seq, again.command_counter, again.nonce) == (10, 77, hello.nonce)


def test_hello_of_a_gateway_without_records_has_equal_numbers():
    hello = host_messages.decode_hello(Bench([]).said()[0])
    assert (hello.oldest_seq, hello.next_seq) == (0, 0)


def test_who_brings_a_hello_at_once_and_starts_the_back_off_again():
    bench = Bench()
    for at_ms in (0, 250, 750, 1750):
        assert kinds(bench.said(at_ms)) == [HELLO]
    bench.tell(bytes((messages.WHO,)))
    times = [at_ms for at_ms in range(2000, 10_000, 250) if kinds(bench.said(at_ms)) == [HELLO]]
    assert times == [2000, 2250, 2750, 3750, 5750, 9750]


def test_nonce_serves_one_session():
    bench = Bench()
    first = host_messages.decode_hello(bench.said()[0]).nonce
    bench.tell(bytes((messages.WHO,)))
    assert host_messages.decode_hello(bench.said()[0]).nonce == first
    bench.welcome()
    bench.tell(bytes((messages.WHO,)))
    second = host_messages.decode_hello(bench.said()[0]).nonce
    assert second != first and not bench.session.is_up
    old = messages.session_key(LINK_KEY, first, HOST_NONCE)
    bench.tell(host_messages.encode_welcome(old, bytes(8), 0, HOST_NONCE))
    assert not bench.session.is_up and bench.session.damaged_count == 1


def test_who_and_welcome_crossing_open_one_session():
    bench = Bench()
    bench.said()
    bench.tell(bytes((messages.WHO,)))
    assert kinds(bench.said()) == [HELLO]
    assert bench.welcome() == [] and bench.session.is_up
    assert bench.welcome() == []
    bench.number = 0
    assert bench.ack(3) == 3 and bench.session.damaged_count == 0


def test_second_welcome_cannot_replace_the_session():
    bench = Bench()
    bench.open()
    bench.ack(3)
    key = bench.key
    bench.welcome(9, bytes(8))
    assert bench.records.acked_seq == 3
    bench.key, bench.number = key, 1
    assert bench.ack(4) == 4


def test_session_without_progress_for_6_s_is_over_and_another_begins():
    bench = Bench(range(3))
    bench.open()
    for at_ms in range(0, 6000, 50):
        assert HELLO not in kinds(bench.said(at_ms)), at_ms
    assert bench.session.is_up
    assert kinds(bench.said(6000)) == [HELLO]
    assert not bench.session.is_up


def test_without_records_outstanding_the_session_lasts():
    bench = Bench()
    bench.open(10)
    assert bench.said(HOUR_MS - 1) != [] and bench.session.is_up


def test_wait_is_until_the_next_hello_or_the_next_probe():
    bench = Bench(range(3))
    assert bench.session.wait_ms(0) == 0
    bench.said()
    assert bench.session.wait_ms(0) == 250 and bench.session.wait_ms(100) == 150 and bench.session.wait_ms(2000) == 0
    bench.welcome(0)
    bench.said()
    assert bench.session.wait_ms(0) == 305
    bench.ack(3)
    assert bench.session.wait_ms(0) == 600_000


def test_two_sessions_share_journal_and_hello():
    bench = Bench(range(3))
    other = Bench(range(3))
    other.records = bench.records
    other.session = GatewaySession(bench.hello, LINK_KEY, bench.records, lambda count: bytes((77,)) * count)
    first = host_messages.decode_hello(bench.said()[0]).nonce
    second = host_messages.decode_hello(other.said()[0]).nonce
    assert first != second
    bench.welcome(0)
    other.key = messages.session_key(LINK_KEY, second, HOST_NONCE)
    other.tell(host_messages.encode_welcome(other.key, bytes(8), 0, HOST_NONCE))
    assert bench.session.is_up and other.session.is_up
    assert len(bench.said()) == len(other.said()) == 4
    bench.ack(3)
    assert other.said(5000) == [] and other.said(7000) == [] and other.session.is_up


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
    asked = host_messages.decode_time_ask(bench.said(5200)[-1])
    assert asked == 5200
    for waited_ms, event in ((0, (0, 1)), (1, (0, 2)), (300, (150, 151)), (2000, (1000, 1001)), (2001, None)):
        bench.now_ms = asked + waited_ms
        bench.number += 1
        events = bench.tell(host_messages.encode_time(bench.key, bench.number, asked, 1_790_000_000_000))
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
    command = host_messages.encode_command(LINK_KEY, 9, 1, -1)
    assert bench.tell(command) == [(gateway_session.COMMAND, 9, 1, -1, b"")]
    bench.open()
    assert bench.tell(command) == [(gateway_session.COMMAND, 9, 1, -1, b"")]
    forged = host_messages.encode_command(bytes(32), 9, 1, -1)
    assert bench.tell(forged) == [(gateway_session.FORGED_COMMAND, 9, 1)]
    assert bench.session.damaged_count == 1


def test_update_is_taken_and_answered_under_the_nonce_of_the_session():
    bench = Bench()
    bench.open()
    key = messages.update_key(LINK_KEY, bench.session._nonce)
    begin = bytes((messages.UPDATE_BEGIN,)) + bytes(4)
    assert bench.tell(messages.sealed(key, begin)) == [(gateway_session.UPDATE, begin)]
    state = bytes((messages.UPDATE_STATE, 0)) + (640).to_bytes(4, "little")
    (body,) = FrameReader().receive(bench.session.seal_update(state))
    assert host_messages.decode_update_state(key, body) == (0, 640)
    bench.session.line_lost()
    assert bench.tell(messages.sealed(key, begin)) == []
    assert bench.session.damaged_count == 1


def begin_of(bench):
    key = messages.update_key(LINK_KEY, bench.session._nonce)
    return messages.sealed(key, bytes((messages.UPDATE_BEGIN,)) + bytes(4))


def test_update_that_was_recorded_begins_nothing_after_the_cable_was_out():
    bench = Bench()
    bench.said()
    begin = begin_of(bench)
    assert bench.tell(begin) == [(gateway_session.UPDATE, begin[:5])]
    bench.session.line_lost()
    assert bench.tell(begin) == []
    assert bench.session.damaged_count == 1


def test_who_outside_a_session_leaves_the_nonce_of_a_hello_that_is_on_its_way():
    bench = Bench()
    bench.said()
    begin = begin_of(bench)
    bench.tell(begin)
    assert bench.tell(bytes((messages.WHO,)), begin) == [(gateway_session.UPDATE, begin[:5])]


def test_update_begun_again_and_again_costs_the_session_and_its_nonce():
    bench = Bench()
    bench.open()
    key = messages.update_key(LINK_KEY, bench.session._nonce)
    data = messages.sealed(key, bytes((messages.UPDATE_DATA,)) + bytes(9))
    begin = begin_of(bench)
    taken = [event[1] for event in bench.tell(*[begin, data] * 20)]
    assert taken.count(begin[:5]) == 8
    assert not bench.session.is_up
    bench.open()
    assert bench.tell(begin) == []
    assert len(bench.tell(begin_of(bench))) == 1


def test_update_that_nobody_answers_may_begin_as_often_as_it_likes():
    bench = Bench()
    bench.open()
    assert len(bench.tell(*[begin_of(bench)] * 20)) == 20
    assert bench.session.is_up


def test_refused_is_reported_and_hello_goes_on():
    bench = Bench()
    bench.said()
    assert bench.tell(bytes((messages.REFUSED, 2))) == [(gateway_session.REFUSED, 2)]
    assert bench.tell(bytes((messages.REFUSED,))) == [(gateway_session.REFUSED, 0)]
    assert kinds(bench.said(1000)) == [HELLO]
