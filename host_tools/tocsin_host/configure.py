"""A gateway that has a log gets another configuration, through its service console.

Role in the flow: before stage 1, at a gateway that runs. Context: host.
"""

from __future__ import annotations

import time
from binascii import crc32
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tocsin.messages import Hello

from .board_check import BoardError, first_hello
from .board_port import open_port
from .commission_console import CommissionConsole
from .diag_snapshot import DiagError

_HAND = Path(__file__).with_name("configure_hand.py")
_PIECE_BYTES = 128
_HELLO_WITHIN_S = 2.0
# What an image is needed for: the board, its name, and passwords that lie beside the configuration.
_FIXED = ("gateway", "board")


class ConfigureConsole(CommissionConsole):
    """As `DiagConsole`."""

    def configure(self, data: bytes, tell: Callable[[int], None]) -> None:
        """Bring `data` (of `site_bytes`) to the gateway and have it restart with it; `tell(bytes there)`.

        The console is to be closed then. Raises: DiagError; the old configuration stays in force.
        """
        self.ask(_HAND, "begin()")
        for at in range(0, len(data), _PIECE_BYTES):
            self.ask(_HAND, f"add('{data[at : at + _PIECE_BYTES].hex()}')")
            tell(min(at + _PIECE_BYTES, len(data)))
        if self.ask(_HAND, f"put_into_force({crc32(data)})").strip() != "1":
            raise DiagError(f"{self.gateway}: the configuration came damaged; the old one stays in force: try again")
        self.ask(_HAND, "restart_soon()")


def refusal(has: dict[str, Any], wants: dict[str, Any]) -> str:
    """Why a gateway with one configuration cannot get the other one like this; "" when it can."""
    for key in _FIXED:
        if has.get(key) != wants.get(key):
            return f"its {key} is {has.get(key)!r}, that of the site description is {wants.get(key)!r}"
    if "network" in wants and "network" not in has:
        return "it has no passwords for a network, and they come with an image only (docs/provision.md)"
    return ""


def wait_for_start(url: str, boot: int, patience_s: float, sleep: Callable[[float], None] = time.sleep) -> Hello:
    """The hello of the gateway at `url` once it has started again after start `boot`. Raises: BoardError."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        try:
            with open_port(url) as port:
                said = first_hello(port, _HELLO_WITHIN_S)
        except OSError:
            said = None  # a board that restarts takes its port with it
        if said is not None and said[0].boot > boot:
            return said[0]
        sleep(0.2)
    raise BoardError(
        f"{url}: it has the configuration, and did not start again within {patience_s:.0f} s; unplug it once"
    )
