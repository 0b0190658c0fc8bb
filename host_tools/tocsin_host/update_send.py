"""Sending a bundle to a gateway over its USB port.

Role in the flow: beside stage 8. Context: host.
"""

from __future__ import annotations

from collections.abc import Callable

from tocsin import host_messages, messages
from tocsin.bundle_head import RECEIVING, TAKEN
from tocsin.errors import SessionError
from tocsin.framing import FrameReader
from tocsin.messages import Hello, update_key

from .board_check import BoardError, Port, first_hello
from .host_clock import uptime_ms
from .update_transfer import REFUSALS, Transfer

PATIENCE_S = 20.0
_READ_BYTES = 256


def send_bundle(
    port: Port, gateway: str, link_key: bytes, bundle: bytes, on_progress: Callable[[int], None], patience_s: float
) -> Hello:
    """Send `bundle` and wait until the gateway has judged it; its hello before. Raises: BoardError saying why not."""
    said = first_hello(port, patience_s)
    if said is None:
        raise BoardError("no gateway answers here; is a collector connected to this port?")
    hello, body = said
    if hello.name != gateway or not messages.is_sealed(link_key, body):
        raise BoardError(f"the gateway at this port is not {gateway}, or has other keys")
    key, reader, transfer = update_key(link_key, hello.nonce), FrameReader(), Transfer(bundle)
    transfer.connect(key, uptime_ms())
    until_ms, shown = uptime_ms() + 1000 * patience_s, -1
    while transfer.status != TAKEN:
        port.write(transfer.transmit(uptime_ms()))
        for body in reader.receive(port.read(_READ_BYTES)):
            _hear(transfer, key, body)
        if transfer.at > shown:
            shown, until_ms = transfer.at, uptime_ms() + 1000 * patience_s
            on_progress(shown)
        if transfer.status not in (RECEIVING, TAKEN):
            raise BoardError(f"{gateway} refused the bundle: {REFUSALS.get(transfer.status, transfer.status)}")
        if uptime_ms() > until_ms:
            raise BoardError(f"{gateway}: it answers no more, {transfer.at} of {len(bundle)} bytes came; send it again")
    return hello


def _hear(transfer: Transfer, key: bytes, body: bytes) -> None:
    if body[0] == messages.UPDATE_STATE:
        try:
            transfer.hear(*host_messages.decode_update_state(key, body), uptime_ms())
        except SessionError:
            return  # damaged, or a stranger's: what is not answered is sent again
