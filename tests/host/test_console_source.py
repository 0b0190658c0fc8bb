"""What goes to a service console: the same program, with nothing in it that only people and type checkers read."""

from pathlib import Path

import pytest
import tocsin_host
from tocsin_host.console_source import console_pieces

HERE = Path(tocsin_host.__file__).parent
# A console takes 8 KB at once (docs/service.md); a board with every kind of zone swallowed 2 KB, and choked on 3.4
# (emulated).
MOST_BYTES = 1200


@pytest.mark.parametrize("name", ["diag_probe.py", "diag_hand.py", "commission_probe.py", "configure_hand.py"])
def test_every_piece_is_short_enough_for_a_board_that_is_nearly_full(name: str) -> None:
    for piece in console_pieces(HERE / name):
        compile(piece, name, "exec")
        assert len(piece) < MOST_BYTES
        assert b'"""' not in piece
        assert b"TYPE_CHECKING:" not in piece


def test_it_does_the_same(tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text('''"""What it is."""
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def half(number: "int") -> "Any":
    """Of a number."""
    return number // 2  # rounded down
''')
    names: dict[str, object] = {}
    (piece,) = console_pieces(path)
    exec(piece, names)  # noqa: S102 - as a console does
    assert names["half"](9) == 4  # type: ignore[operator]
    assert piece == b"TYPE_CHECKING = False\ndef half(number):\n    return number // 2\n"


def test_what_is_long_goes_in_pieces_that_follow_each_other(tmp_path: Path) -> None:
    path = tmp_path / "probe.py"
    path.write_text("\n".join(f"value_{number} = {number!r} * {'1 * ' * 20} 1" for number in range(40)))
    pieces = console_pieces(path)
    assert len(pieces) > 4
    assert b"".join(pieces).count(b"value_") == 40
