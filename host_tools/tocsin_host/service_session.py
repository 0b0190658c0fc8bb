"""Knocking at a gateway's door: challenge, answer, and closing again.

Role in the flow: beside stage 8. Context: host.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar

from tocsin import messages
from tocsin.errors import SessionError
from tocsin.framing import DELIMITER, FrameReader, encode_frame
from tocsin.host_messages import decode_hello
from tocsin.messages import Hello
from tocsin.service_door import answer

from .board_check import BoardError, Port, first_hello

T = TypeVar("T")

PATIENCE_S = 30.0
_ASK_EVERY_S = 2.0
# Where an ask was lost: no other challenge comes for so long.
_QUIET_S = 4.0
_CTRL_A, _CTRL_C, _CTRL_D = b"\x01", b"\x03", b"\x04"
_FAILED_START = re.compile(rb"service challenge ([0-9a-f]{32})")
_READ_BYTES = 256


def open_console(
    port: Port, keys: dict[str, bytes], minutes: int, patience_s: float = PATIENCE_S, person: int = 0
) -> str | None:
    """Open the console at `port`; the gateway's name, None for one that cannot start. `person` 0: nobody is named.

    Raises: BoardError.
    """
    knock = _Knock()
    found, name = _until(port, patience_s, knock.look, knock.ask), knock.name
    if found is None:
        raise BoardError(
            f"{name}: it has no service key; flash it with keys of this version"
            if name
            else "no gateway answers here; is a collector connected to this port, or is its console open already?"
        )
    if not found[0]:
        _open_failed(port, keys, found[1], patience_s)
        return None
    _answer(port, found[0], keys, found[1], (minutes, person), patience_s)
    return found[0]


class _Knock:
    """Asks until a challenge comes. Only the last one that a gateway made counts: a slow one was asked again before it
    came to answer, and so there are more of them on their way."""

    def __init__(self) -> None:
        self.name = ""
        self._reader = FrameReader()
        self._text = b""
        self._asked = self._challenged = 0
        self._challenge = b""
        self._quiet_at_s = 0.0

    def ask(self) -> bytes:
        """What to say; nothing once there is a challenge."""
        if self._challenge:
            return b""
        self._asked += 1
        return DELIMITER + encode_frame(bytes((messages.WHO,))) + encode_frame(bytes((messages.SERVICE_ASK,)))

    def look(self, data: bytes) -> tuple[str, bytes] | None:
        """(name, challenge); the name "" of one that cannot start."""
        self._text = (self._text + data)[-4096:]
        failed = _FAILED_START.search(self._text)
        if failed:
            return "", bytes.fromhex(failed[1].decode())
        for body in self._reader.receive(data):
            self.name = _name_of(body) or self.name
            if body[0] == messages.SERVICE_CHALLENGE:
                self._challenged += 1
                self._challenge, self._quiet_at_s = body[1:], time.monotonic() + _QUIET_S
        is_last = self._challenged >= self._asked or time.monotonic() >= self._quiet_at_s
        return (self.name, self._challenge) if self.name and self._challenge and is_last else None


def close_console(port: Port, patience_s: float = PATIENCE_S) -> Hello:
    """Close the console at `port`; the hello of the gateway that speaks frames again. Raises: BoardError."""
    port.write(b"\r" + _CTRL_C + _CTRL_A + b"close_service()" + _CTRL_D)
    said = first_hello(port, patience_s)
    if said is None:
        raise BoardError("no gateway answers here; unplug it, plug it in again: that closes its console, too")
    return said[0]


def _answer(
    port: Port, name: str, keys: dict[str, bytes], challenge: bytes, wish: tuple[int, int], patience_s: float
) -> None:
    """Say the answer to a challenge; `wish` is (minutes, person)."""
    if name not in keys:
        raise BoardError(f"{name}: no service key for it here; it opens for: {', '.join(sorted(keys)) or 'nobody'}")
    reader = FrameReader()
    said = bytes(wish if wish[1] else wish[:1]) + answer(keys[name], challenge, *wish)
    port.write(encode_frame(bytes((messages.SERVICE_OPEN,)) + said))

    def look(data: bytes) -> int | None:
        states = [body[1] for body in reader.receive(data) if body[0] == messages.SERVICE_STATE and len(body) > 1]
        return states[0] if states else None

    granted = _until(port, patience_s, look)
    if granted is None:
        raise BoardError(f"{name}: it does not say whether it opens; try again, or unplug it and plug it in again")
    if granted != wish[0]:
        raise BoardError(f"{name}: it refused this key, and recorded that; is it of an earlier provisioning?")


def _open_failed(port: Port, keys: dict[str, bytes], challenge: bytes, patience_s: float) -> None:
    """A gateway that cannot start does not say its name: each key is tried, with the challenge that it then tells."""
    for key in keys.values():
        port.write(answer(key, challenge, 0).hex().encode() + b"\r")
        said = b""

        def look(data: bytes) -> bytes | None:
            nonlocal said
            said += data
            failed = _FAILED_START.search(said)
            return b"" if b">>> " in said else bytes.fromhex(failed[1].decode()) if failed else None

        found = _until(port, patience_s, look)
        if found == b"":
            return
        challenge = found or challenge
    raise BoardError("a gateway that cannot start, and none of these service keys is its own")


def _name_of(body: bytes) -> str:
    try:
        return decode_hello(body).name if body[0] == messages.HELLO else ""
    except SessionError:
        return ""


def _until(
    port: Port, patience_s: float, look: Callable[[bytes], T | None], ask: Callable[[], bytes] | None = None
) -> T | None:
    """What `look` makes of the bytes that come, None when the time is over; `ask` is said again and again."""
    until_s, ask_at_s = time.monotonic() + patience_s, 0.0
    while (now_s := time.monotonic()) < until_s:
        if ask and now_s >= ask_at_s:
            ask_at_s = now_s + _ASK_EVERY_S
            port.write(ask())
        found = look(port.read(_READ_BYTES))
        if found is not None:
            return found
    return None
