"""What goes to a service console: the same program, with nothing in it that only people and type checkers read."""

from pathlib import Path

import pytest
import tocsin_host
from tocsin_host.console_source import console_source

HERE = Path(tocsin_host.__file__).parent
# A console takes 8 KB at once (docs/service.md); a board that is nearly full has not much more in one piece.
MOST_BYTES = 4096


@pytest.mark.parametrize("name", ["diag_probe.py", "diag_hand.py", "commission_probe.py"])
def test_every_file_fits_well_into_what_a_console_takes(name: str) -> None:
    text = console_source(HERE / name)
    compile(text, name, "exec")
    assert len(text) < MOST_BYTES
    assert b'"""' not in text
    assert b"TYPE_CHECKING:" not in text


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
    exec(console_source(path), names)  # noqa: S102 - as a console does
    assert names["half"](9) == 4  # type: ignore[operator]
    assert console_source(path) == b"TYPE_CHECKING = False\n\ndef half(number):\n    return number // 2"
