"""Service mode: opened by the key alone, on record from begin to end; and its console."""

from support_virtual import CLOCK, FakeHal, Tape
from tocsin.framing import FrameReader
from tocsin.messages import SERVICE_ASK, SERVICE_CHALLENGE, SERVICE_OPEN, SERVICE_STATE
from tocsin.service_door import answer
from tocsin_fw import service
from tocsin_fw.console import Console
from tocsin_fw.service import Service

KEY = bytes(range(32))
SERVICE = 15


class _Port:
    def __init__(self):
        self.written = b""

    def write(self, data):
        self.written += data

    def take(self):
        written, self.written = self.written, b""
        return written


def room(key=KEY):
    hal, tape = FakeHal(), Tape()
    hal.link = _Port()
    hal.random = lambda count: bytes((7,)) * count
    read, service._read_key = service._read_key, lambda storage: key
    try:
        return hal, tape, Service(hal, tape)
    finally:
        service._read_key = read


def frames(hal):
    return FrameReader().receive(hal.link.take())


def opened(minutes=30):
    hal, tape, room_ = room()
    room_.hear(bytes((SERVICE_ASK,)))
    challenge = frames(hal)[0]
    assert challenge[0] == SERVICE_CHALLENGE
    room_.hear(bytes((SERVICE_OPEN, minutes)) + answer(KEY, challenge[1:], minutes))
    assert frames(hal) == [bytes((SERVICE_STATE, minutes))]
    return hal, tape, room_


def test_who_is_named_stands_in_every_record_of_it():
    hal, tape, room_ = room()
    room_.hear(bytes((SERVICE_ASK,)))
    challenge = frames(hal)[0][1:]
    room_.hear(bytes((SERVICE_OPEN, 2, 7)) + answer(KEY, challenge, 2, 7))
    assert frames(hal) == [bytes((SERVICE_STATE, 2))]
    CLOCK.now_ms += 119_999
    room_.take(b"", True)
    assert room_.console is not None
    CLOCK.now_ms += 1
    room_.take(b"", True)
    assert told(tape) == [(0, 2 | 7 << 8), (2, 2 | 7 << 8)]


def told(tape):
    return [(record[4], record[5]) for record in tape.records if record[0] == SERVICE]


def test_the_key_opens_a_console_and_its_end_is_recorded():
    _, tape, room_ = opened()
    assert told(tape) == [(0, 30)]
    room_.take(b"\r\x03\r\x01close_service()\x04", True)
    assert room_.console is None
    assert told(tape) == [(0, 30), (1, 30)]


def test_it_ends_when_its_time_is_over_and_when_the_cable_is_out():
    _, tape, room_ = opened(1)
    CLOCK.now_ms += 59_999
    room_.take(b"", True)
    assert room_.console is not None
    CLOCK.now_ms += 1
    room_.take(b"", True)
    assert room_.console is None
    assert told(tape) == [(0, 1), (2, 1)]
    _, tape, room_ = opened(1)
    room_.take(b"", False)
    assert told(tape) == [(0, 1), (3, 1)]


def test_refusals_are_told_once_a_minute_with_their_number():
    hal, tape, room_ = room()
    for _ in range(5):
        room_.hear(bytes((SERVICE_OPEN, 30)) + bytes(16))
        assert frames(hal) == [bytes((SERVICE_STATE, 0))]
    assert told(tape) == [(4, 1)]
    CLOCK.now_ms += 60_000
    room_.hear(bytes((SERVICE_OPEN,)))
    assert told(tape) == [(4, 1), (4, 5)]
    assert room_.console is None


def test_a_gateway_without_a_key_says_nothing():
    hal, tape, room_ = room(b"")
    room_.hear(bytes((SERVICE_ASK,)))
    room_.hear(bytes((SERVICE_OPEN, 30)) + answer(bytes(32), bytes(16), 30))
    assert hal.link.take() == b""
    assert told(tape) == []


def raw_console():
    port = _Port()
    console = Console(port.write)
    console.take(b"\r\x03")
    port.take()
    console.take(b"\r\x01")
    assert port.take().endswith(b"\r\nraw REPL; CTRL-B to exit\r\n>")
    return console, port


def test_the_raw_console_speaks_as_mpremote_expects():
    console, port = raw_console()
    console.take(b"\x04")
    assert port.take() == b"OK\r\nMPY: soft reboot\r\nraw REPL; CTRL-B to exit\r\n>"
    console.take(b"\x05A\x01")
    assert port.take() == b"R\x00"
    console.take(b"x = 6 * 7")
    console.take(b"\x04")
    assert port.take() == b"OK\x04\x04>"
    console.take(b"assert x == 42\x04")
    assert port.take() == b"OK\x04\x04>"
    console.take(b"\x04x\x04")
    assert b"NameError" in port.take(), "forgotten with the soft reset"


def test_whatever_is_typed_is_an_error_and_never_the_end_of_the_gateway():
    console, port = raw_console()
    for typed, name in (
        (b"1 // 0", b"ZeroDivisionError"),
        (b"(", b"SyntaxError"),
        (b"raise SystemExit", b"SystemExit"),
        (b"raise KeyboardInterrupt", b"KeyboardInterrupt"),
        (b"\xff\xfe", b"Error"),
        (b"#" + b"x" * 9000, b"MemoryError"),
    ):
        console.take(typed + b"\x04")
        said = port.take()
        assert said.startswith(b"OK\x04") and said.endswith(b"\x04>") and name in said, said
    console.take(b"half a line\x03assert True\x04")
    assert port.take() == b"OK\x04\x04>"


def test_people_get_one_line_at_a_time():
    port = _Port()
    console = Console(port.write)
    console.take(b"\x02")
    assert port.take().endswith(b">>> ")
    console.take(b"y = 1x\x7f\r")
    assert port.take() == b"y = 1x\b \b\r\n>>> "
    console.take(b"y.z\r")
    assert b"AttributeError" in port.take()
    console.take(b"close_service()\rignored")
    assert console.is_over
    assert b"ignored" not in port.take()
