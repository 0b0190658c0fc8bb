"""Is the board at this port the gateway it should be? Asked of the board itself, under its own seal.

Role in the flow: provisioning, stage 8 seen from a technician. Context: host.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Protocol

from tocsin import host_session
from tocsin.chain import ChainVerifier
from tocsin.command import HEARTBEAT_NOW
from tocsin.errors import TocsinError
from tocsin.event import TYPE_COMMAND
from tocsin.host_session import HostSession
from tocsin.messages import WIRE_VERSION, Hello, is_sealed
from tocsin.record import unpack
from tocsin.seal import key_id

from .keys import GatewaySecrets, fingerprint

_ASK_EVERY_S = 1.0


class BoardError(TocsinError):
    """A board that is not the gateway it should be, or does not answer; the text names the mend."""

    code = 620


class Port(Protocol):
    """What is needed of a serial port: pyserial's, with a read timeout."""

    def read(self, size: int) -> bytes: ...
    def write(self, data: bytes) -> object: ...


def first_hello(port: Port, patience_s: float) -> tuple[Hello, bytes] | None:
    """(hello, its body) of whatever gateway is at the port; None when nobody says one in time."""
    session = HostSession()
    found = _until(port, session, patience_s, lambda event: event[0] == host_session.HELLO, session.who)
    return None if found is None else (found[1], found[2])


def check_board(port: Port, secrets: GatewaySecrets, lib_hash: bytes, patience_s: float) -> Hello:
    """The hello of the gateway with these secrets, proven by a command that only it could seal the outcome of.

    For a board that was just flashed: its first records are still among the 32 that it sends unasked. Acknowledges
    nothing, so the collector gets them all the same. Raises: BoardError.
    """
    said = first_hello(port, patience_s)
    if said is None:
        raise BoardError("no gateway answers; is its collector still connected? Unplug the board, plug it in and retry")
    hello, body = said
    check_hello(hello, body, secrets, lib_hash)
    session, chain = HostSession(), ChainVerifier(secrets.k0)
    counter = max(int(time.time()), hello.command_counter + 1)
    port.write(session.welcome(hello, secrets.link_key, lib_hash, 0, os.urandom(8)))
    port.write(session.command(counter, HEARTBEAT_NOW, 0))

    def is_proof(event: Any) -> bool:
        if event[0] != host_session.RECORD or chain.accept(event[1]) != "verified":
            return False
        record = unpack(event[1])
        return record.type == TYPE_COMMAND and record.count == counter

    if _until(port, session, patience_s, is_proof) is None:
        raise BoardError(f"{secrets.gateway}: it says hello and does not prove its key; flash it again")
    return hello


def check_hello(hello: Hello, body: bytes, secrets: GatewaySecrets, lib_hash: bytes) -> None:
    """Whether a hello is that of the gateway with these secrets, and of this version. Raises: BoardError."""
    check_version(hello, secrets.gateway, lib_hash)
    if hello.key_id != key_id(secrets.k0) or not is_sealed(secrets.link_key, body):
        raise BoardError(
            f"{hello.name}: its keys are not those of {fingerprint(secrets.k0)}; it holds those of another "
            "provisioning: flash it again"
        )


def check_version(hello: Hello, gateway: str, lib_hash: bytes) -> None:
    """Whether a hello says this name and this version. Raises: BoardError."""
    if hello.name != gateway:
        raise BoardError(f"the board at this port is {hello.name}, not {gateway}; was another one plugged in?")
    if hello.wire_version != WIRE_VERSION:
        raise BoardError(f"{hello.name}: speaks wire version {hello.wire_version}, not {WIRE_VERSION}; flash it again")
    if hello.lib_hash != lib_hash:
        raise BoardError(f"{hello.name}: its library is {hello.lib_hash.hex()}, not {lib_hash.hex()}; flash it again")


def _until(
    port: Port,
    session: HostSession,
    patience_s: float,
    is_it: Callable[[Any], bool],
    ask: Callable[[], bytes] | None = None,
) -> Any:
    """The first event that `is_it`, None when the time is over; `ask` gives what to say each second."""
    until_s, ask_at_s = time.monotonic() + patience_s, 0.0
    while (now_s := time.monotonic()) < until_s:
        if ask and now_s >= ask_at_s:
            ask_at_s = now_s + _ASK_EVERY_S
            port.write(ask())
        for event in session.receive(port.read(256)):
            if is_it(event):
                return event
    return None
