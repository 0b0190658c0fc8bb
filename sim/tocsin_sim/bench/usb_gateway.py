"""A gateway at whose USB port a stranger is: what it holds, what happens to it, and its host, who answers.

Role in the flow: bench USB-1, stages 1 to 9. Context: CPython; the board is virtual (T1) or emulated (T2).
"""

import struct
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from tocsin import event, host_session, messages
from tocsin.chain import ChainVerifier
from tocsin.command import SET_MODE
from tocsin.errors import FrameError
from tocsin.framing import DELIMITER, FrameReader, decode_frame, encode_frame
from tocsin.messages import sealed, update_key
from tocsin.record import Record, unpack
from tocsin.service_door import answer
from tocsin_host.keys import GatewaySecrets

from tocsin_sim.bench.usb_words import Stranger
from tocsin_sim.board_process import BoardProcess
from tocsin_sim.vm import wire

_UTC_MS = 1_800_000_000_000
_PIN = 2
_COUNTER = 1000
_MINUTES = 20
_UPDATE_BYTES = 20_000
_STEP_MS = 500
_DRAIN_MS = 3_000
# An emulated chip boots and imports first.
FIRST_MOVE_MS = 1_500
# What the console's question answers: memory, samples and transitions lost, mode, boot number. By names that a board
# keeps, because `tocsin diag` asks for them.
_PROBE = b"""
import gc
from tocsin_fw import app
g = app.running
gc.collect()
raise ValueError("probe %d %d %d %d %d." % (gc.mem_free(), g.hal.sampler.lost(), g.hal.sampler.ring.dropped,
    g.guarding.guard.mode, g.recorder.boot))
"""


class Script(NamedTuple):
    """What happens beside the stranger, in ms: `moves` of the contact and of the cable (ms, level), when the host is
    there for the first time, when it orders a mode and begins an update, when the stranger leaves."""

    moves: list[tuple[int, int]]
    cable: list[tuple[int, int]]
    host_from_ms: int
    host_until_ms: int
    order_ms: int
    end_ms: int


def make_script(seed: str, storm_ms: int) -> Script:
    """The host is there in the middle third; the cable moves before and after."""
    random = Random(f"script/{seed}")
    third_ms = storm_ms // 3
    moves, at_ms, level = [], FIRST_MOVE_MS, 1
    while at_ms < storm_ms - 1_000:
        moves.append((at_ms, level))
        level ^= 1
        at_ms += random.randint(800, max(2_000, storm_ms // 60))
    cable = []
    for from_ms in (third_ms // 2, 2 * third_ms):
        out_ms = from_ms + random.randint(100, third_ms // 8)
        cable += [(out_ms, 0), (out_ms + random.randint(50, third_ms // 8), 1)]
    return Script(moves, cable, third_ms, 2 * third_ms, third_ms + third_ms // 3, storm_ms)


class Told(NamedTuple):
    """What came of it: the `records` that the host proved, all bytes that the board `said`, the console's `probe`
    with the command counter of the last hello behind it."""

    records: list[Record]
    said: bytes
    probe: tuple[int, ...]
    words: dict[str, int]
    has_restarted: bool


class Attack:
    """One powered board until power-off. Without a stranger it is the twin that nobody attacks."""

    def __init__(self, board: BoardProcess, secrets: GatewaySecrets, script: Script) -> None:
        self._board = board
        self._secrets = secrets
        self._script = script
        self._stranger: Stranger | None = None
        self._pace_ms = 0
        self._session = host_session.HostSession()
        self._chain = ChainVerifier(secrets.k0)
        self._records: list[Record] = []
        self._said = bytearray()
        self._reader = FrameReader()
        self._nonce = b""
        self._counter = -1
        self._wants_update = False
        # Frames of the host, for strangers that listen.
        self.frames: list[bytes] = []

    def run(self, stranger: Stranger | None, pace_ms: int) -> Told:
        """The whole script, with 256 bytes of the stranger each `pace_ms`; then the host takes all records, and the
        technician looks inside."""
        board, script = self._board, self._script
        self._stranger, self._pace_ms = stranger, pace_ms
        for at_ms, level in [(0, 0), *script.moves]:
            board.tell(wire.PINS, at_ms, struct.pack("<I", level << _PIN))
        for at_ms, level in script.cable:
            board.tell(wire.PLUG, at_ms, bytes((level,)))
        try:
            self._live()
            self._stranger = None
            probe = self._look_inside()
            words = dict(stranger.said) if stranger else {}
            return Told(self._records, bytes(self._said), probe, words, board.has_restarted)
        finally:
            board.power_off()

    def _live(self) -> None:
        script = self._script
        self._run_until(script.host_from_ms, False)
        self._say(self._session.who())
        self._run_until(script.order_ms, True)
        self._say(self._session.command(_COUNTER, SET_MODE, event.MODE_LOCKDOWN))
        self._wants_update = True
        self._begin_update()
        self._run_until(script.host_until_ms, True)
        self._run_until(script.end_ms, False)

    def _run_until(self, until_ms: int, answers: bool) -> None:
        board = self._board
        while board.now_ms < until_ms:
            end_ms = min(until_ms, board.now_ms + _STEP_MS)
            if self._stranger:
                for at_ms in range(board.now_ms, end_ms, self._pace_ms):
                    board.tell(wire.LINK, at_ms, self._stranger.piece())
            while board.now_ms < end_ms:
                board.start_run(end_ms)
                output = board.finish_run()
                self._said += output
                reply = self._answer(output)
                if reply and answers:
                    self._say(reply)

    def _say(self, data: bytes) -> None:
        """What the host says; whoever is on the line hears it."""
        for frame in data.split(DELIMITER):
            if frame:
                self.frames.append(frame + DELIMITER)
                if self._stranger:
                    self._stranger.recorded.append(frame + DELIMITER)
        self._board.tell(wire.LINK, self._board.now_ms + 1, DELIMITER + data)

    def _begin_update(self) -> None:
        key = update_key(self._secrets.link_key, self._nonce)
        self._say(encode_frame(sealed(key, struct.pack("<BI", messages.UPDATE_BEGIN, _UPDATE_BYTES))))

    def _answer(self, output: bytes) -> bytes:
        """As a collector does; `output` of the port."""
        reply, took_record = b"", False
        if any(body[0] == messages.UPDATE_STATE for body in self._reader.receive(output)):
            self._wants_update = False
        for what in self._session.receive(output):
            if what[0] == host_session.HELLO:
                reply += self._welcome(what)
                if self._wants_update:
                    self._begin_update()
            elif what[0] == host_session.TIME_ASK and self._session.is_up:
                reply += self._session.time(int(str(what[1])), _UTC_MS + self._board.now_ms)
            elif what[0] == host_session.RECORD:
                took_record = True
                self._take(what)
        if took_record and self._session.is_up:
            reply += self._session.ack(self._chain.next_seq, self._chain.next_seq, 0)
        return reply

    def _welcome(self, what: tuple[Any, ...]) -> bytes:
        if self._session.is_open_for(what[1]):
            return self._session.welcome_again()
        self._nonce, self._counter = what[1].nonce, what[1].command_counter
        nonce = struct.pack("<Q", len(self.frames))
        return self._session.welcome(what[1], self._secrets.link_key, bytes(8), self._chain.next_seq, nonce)

    def _take(self, what: tuple[Any, ...]) -> None:
        verdict = self._chain.accept(what[1])
        if verdict == "verified":
            self._records.append(unpack(what[1]))
        elif verdict not in ("known?", "ahead"):
            raise AssertionError(f"the board sent a record that is {verdict}")

    def _look_inside(self) -> tuple[int, ...]:
        """Take the rest of the records, open the console with the technician's key, ask it, close it, take again."""
        self._say(self._session.who())
        self._run_until(self._board.now_ms + _DRAIN_MS, True)
        self._open_console()
        said = bytes(self._said)
        found = self._console(_PROBE)
        self._console(b"close_service()")
        self._said = bytearray(said)  # what the technician saw is no leak
        self._run_until(self._board.now_ms + _DRAIN_MS, True)
        figures = (int(figure) for figure in found.split(b"probe ")[1].split(b".")[0].split())
        return (*figures, self._counter)

    def _open_console(self) -> None:
        key = self._secrets.service_key
        assert key is not None
        at = len(self._said)
        self._say(encode_frame(bytes((messages.SERVICE_ASK,))))
        challenge = self._heard(at, messages.SERVICE_CHALLENGE)[1:]
        at = len(self._said)
        self._say(encode_frame(bytes((messages.SERVICE_OPEN, _MINUTES)) + answer(key, challenge, _MINUTES)))
        if self._heard(at, messages.SERVICE_STATE)[1:] != bytes((_MINUTES,)):
            raise AssertionError("the technician's key no longer opens the console")

    def _console(self, code: bytes) -> bytes:
        """What the raw REPL answers to `code`."""
        at = len(self._said)
        self._board.tell(wire.LINK, self._board.now_ms + 1, b"\x01" + code + b"\x04")
        self._until(lambda: self._said[at:].count(b"\x04") >= 2)
        return bytes(self._said[at:])

    def _heard(self, since: int, kind: int) -> bytes:
        """The first body of a kind that the board says from there on."""
        found: list[bytes] = []

        def look() -> bool:
            found[:] = [body for body in bodies(bytes(self._said[since:]))[0] if body[0] == kind]
            return bool(found)

        self._until(look)
        return found[0]

    def _until(self, is_it: Callable[[], bool]) -> None:
        end_ms = self._board.now_ms + 10_000
        while not is_it():
            if self._board.now_ms >= end_ms:
                raise AssertionError("the board no longer answers")
            self._run_until(self._board.now_ms + 20, False)


def bodies(said: bytes) -> tuple[list[bytes], list[bytes]]:
    """(bodies of all frames, what is none) in what a board said."""
    found, others = [], []
    for frame in said.split(DELIMITER):
        try:
            if frame:
                found.append(decode_frame(frame))
        except FrameError:
            others.append(frame)
    return found, others
