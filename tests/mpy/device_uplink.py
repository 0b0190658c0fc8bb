"""The link's two tasks: no wake and no word of the host is lost when acting on one of them fails."""

from support_virtual import CLOCK, FakeHal, Tape, asyncio, run_for
from tocsin import gateway_session
from tocsin_fw.supervisor import Supervisor
from tocsin_fw.uplink import Uplink

TIME_SET = 8
NOON_MS = 1_773_576_000_000  # a day in 2026


class _Link:
    def __init__(self):
        self.flag = asyncio.ThreadSafeFlag()
        self.arriving = b""
        self.written = []
        self.open = True

    def read(self):
        data, self.arriving = self.arriving, b""
        return data

    def write(self, data):
        self.written.append((CLOCK.now_ms, data))

    def is_open(self):
        return self.open

    async def wait(self, timeout_ms):
        await self.flag.wait()

    def arrive(self, data):
        self.arriving += data
        self.flag.set()


class _Session:
    """Says what the test gives it; `outgoing` is what it wants to send."""

    def __init__(self):
        self.says = []
        self.outgoing = []
        self.failures = 0
        self.line_losses = 0
        self.hello = self
        self.command_counter = 0

    def receive(self, data, now_ms):
        said, self.says = self.says, []
        return said

    def transmit(self, now_ms):
        if self.failures:
            self.failures -= 1
            raise OSError(5)
        return self.outgoing.pop(0) if self.outgoing else b""

    def wait_ms(self, now_ms):
        return 1000

    def line_lost(self):
        self.line_losses += 1

    def seal_update(self, state):
        return b"sealed " + state


class _Bench:
    """The uplink under a supervisor; commands with code 13 fail."""

    def __init__(self):
        CLOCK.now_ms = 0
        self.link, self.session, self.tape, self.taken = _Link(), _Session(), Tape(), []
        self.uplink = Uplink(self.link, self.session, self.tape, self, lambda: CLOCK.now_ms)
        self.supervisor = Supervisor(FakeHal(), self.tape, self._nudge)
        self.supervisor.add(self.uplink.listen)
        self.supervisor.add(self.uplink.push)

    def _nudge(self):
        self.link.flag.set()
        self.uplink.wake()

    def take(self, counter, code, argument, payload):
        if code == 13:
            raise ValueError("in the test")
        self.taken.append((counter, code, argument, payload))
        self.tape.counter = counter

    def refuse(self, counter, code):
        self.taken.append((counter, code, "refused"))

    def hear(self, at_ms, *events):
        CLOCK.at(at_ms, setattr, self.session, "says", list(events))
        CLOCK.at(at_ms, self.link.arrive, b"x")

    def run(self, duration_ms):
        run_for(duration_ms, self.supervisor.run())
        return self.tape.troubles


def test_every_event_reaches_its_place():
    bench = _Bench()
    bench.hear(
        500,
        (gateway_session.COMMAND, 4, 2, 0, b"more"),
        (gateway_session.FORGED_COMMAND, 9, 1),
        (gateway_session.REFUSED, 1),
    )
    assert bench.run(900) == []
    assert bench.taken == [(4, 2, 0, b"more"), (9, 1, "refused")]
    assert bench.session.command_counter == 4


def test_what_was_heard_is_answered_at_once():
    bench = _Bench()
    CLOCK.at(400, bench.session.outgoing.append, b"answer")
    bench.hear(500, (gateway_session.REFUSED, 1))
    bench.run(900)
    assert bench.link.written == [(500, b"answer")]


def test_an_event_that_fails_costs_no_other_event_and_no_answer():
    bench = _Bench()
    CLOCK.at(400, bench.session.outgoing.append, b"answer")
    bench.hear(500, (gateway_session.COMMAND, 1, 13, 0, b""), (gateway_session.COMMAND, 2, 2, 0, b""))
    assert bench.run(5000) == [(1000, 1, 1)]
    assert bench.taken == [(2, 2, 0, b"")] and bench.link.written == [(500, b"answer")]


def test_a_wake_outlives_the_failure_of_what_it_woke():
    bench = _Bench()
    bench._nudge = lambda: bench.link.flag.set()  # only the wake itself
    bench.supervisor._nudge = bench._nudge
    bench.session.outgoing = [b"record"]
    bench.session.failures = 1
    CLOCK.at(200, bench.uplink.wake)
    assert bench.run(1500) == [(1000, 1, 2)] and bench.link.written == [(1000, b"record")]


def test_nothing_is_written_while_no_host_is_there_and_the_session_hears_of_it_once():
    bench = _Bench()
    bench.link.open = False
    bench.session.outgoing = [b"record"]
    CLOCK.at(5500, setattr, bench.link, "open", True)
    assert bench.run(8000) == []
    assert bench.session.line_losses == 1 and bench.link.written == [(6000, b"record")]


class _Update:
    def __init__(self):
        self.bodies = []

    def take(self, body):
        self.bodies.append(body)
        return b"state %d" % len(self.bodies)


def test_pieces_of_an_update_that_come_together_get_one_answer_on_their_link():
    bench, update = _Bench(), _Update()
    bench.uplink.update = lambda: update
    other = Uplink(_Link(), _Session(), bench.tape, bench, lambda: CLOCK.now_ms)
    other.update = bench.uplink.update
    bench.supervisor.add(other.listen)
    piece = gateway_session.UPDATE
    bench.hear(500, (piece, b"a"), (piece, b"b"), (gateway_session.REFUSED, 1), (piece, b"c"))
    CLOCK.at(600, setattr, other._session, "says", [(piece, b"d")])
    CLOCK.at(600, other._link.arrive, b"x")
    assert bench.run(900) == []
    assert update.bodies == [b"a", b"b", b"c", b"d"]
    assert bench.link.written == [(500, b"sealed state 2"), (500, b"sealed state 3")]
    assert other._link.written == [(600, b"sealed state 4")]


def test_an_update_that_there_is_no_room_for_stops_nothing():
    bench = _Bench()

    def no_room():
        raise MemoryError

    bench.uplink.update = no_room
    CLOCK.at(400, bench.session.outgoing.append, b"answer")
    bench.hear(500, (gateway_session.UPDATE, b"a"), (gateway_session.COMMAND, 2, 2, 0, b""))
    assert bench.run(900) == []
    assert bench.taken == [(2, 2, 0, b"")] and bench.link.written == [(500, b"answer")]


def test_a_gateway_that_takes_no_updates_says_nothing():
    bench = _Bench()
    bench.hear(500, (gateway_session.UPDATE, b"a"))
    assert bench.run(900) == [] and bench.link.written == []


def test_a_time_is_set_and_told():
    bench = _Bench()
    bench.hear(500, (gateway_session.TIME, NOON_MS, 3))
    bench.hear(700, (gateway_session.TIME, NOON_MS + 230, 3))
    bench.hear(900, (gateway_session.TIME, NOON_MS + 5400, 3))
    assert bench.run(1000) == []
    assert [(r[0], r[4], r[5]) for r in bench.tape.records] == [(TIME_SET, 0, 3), (TIME_SET, 5000, 3)]


def test_a_step_of_more_than_a_month_is_clamped():
    bench = _Bench()
    bench.hear(500, (gateway_session.TIME, NOON_MS, 0))
    bench.hear(600, (gateway_session.TIME, NOON_MS - (1 << 33), 0))
    assert bench.run(900) == [] and bench.tape.records[1][4] == -(1 << 31)


def test_a_time_that_no_record_can_bear_is_not_believed():
    bench = _Bench()
    for at_ms, utc_ms in ((500, 0), (600, 86_400_000), (700, (1 << 64) - 1)):
        bench.hear(at_ms, (gateway_session.TIME, utc_ms, 0))
    assert bench.run(900) == [] and bench.tape.records == [] and bench.tape.clock.quality(900) == 0
    assert bench.tape.clock.refused_count == 3
