"""The boards a gateway can be: pins, limits and flash geometry as pure data, one module a board.

Role in the flow: none; what stages 1 to 3 and the site description look things up in.
Shared: gateway and host. To add a board: copy `pico_w.py`, edit it, name it here, run `make test-lib`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

BOARDS = ("pico_w", "sim_bench")


def load(name: str) -> "dict[str, Any]":
    """The facts of one board (`schema.FIELDS`), importing that board only. Raises: KeyError when unknown."""
    if name not in BOARDS:
        raise KeyError("unknown board %r; use one of: %s" % (name, ", ".join(BOARDS)))
    module = __import__("tocsin_boards." + name, None, None, ["BOARD"])
    board: "dict[str, Any]" = module.BOARD
    return board
