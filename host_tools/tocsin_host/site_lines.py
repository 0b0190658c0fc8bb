"""Which line of a TOML file says what, which `tomllib` does not tell.

Role in the flow: before stage 1, so that an error in a site description points at its line. Context: host.
Each statement is handed to `tomllib` alone: its parser decides where a statement ends, this module counts.
"""

import tomllib
from typing import Any

# Keys and indices from the top of the document, as pydantic gives them: ("gateway", 0, "zone", 2, "name").
Path = tuple[str | int, ...]


class LineIndex:
    """The lines of a valid TOML document."""

    def __init__(self, text: str) -> None:
        self._line_of: dict[Path, int] = {(): 1}
        self._last_index: dict[Path, int] = {}
        self._read(text.replace("\r\n", "\n").split("\n"))

    def line_of(self, path: Path) -> int:
        """Line (from 1) of a key or table, or of the nearest thing that holds it."""
        while path not in self._line_of:
            path = path[:-1]
        return self._line_of[path]

    def _read(self, lines: list[str]) -> None:
        table: Path = ()
        at = 0
        while at < len(lines):
            end, parsed = _statement(lines, at)
            if parsed and lines[at].lstrip().startswith("["):
                table = self._enter(parsed)
                self._line_of.setdefault(table, at + 1)
            else:
                for path in _paths(parsed):
                    self._line_of.setdefault(table + path, at + 1)
            at = end

    def _enter(self, header: dict[str, Any]) -> Path:
        """The path that a table header opens; an array of tables counts on."""
        path: Path = ()
        inside: Any = header
        while inside:
            (key, inside), *_ = inside.items()
            path = (*path, key)
            if isinstance(inside, list):
                self._last_index[path] = self._last_index.get(path, -1) + 1
                inside = inside[0]
            if path in self._last_index:
                path = (*path, self._last_index[path])
        return path


def _statement(lines: list[str], start: int) -> tuple[int, dict[str, Any]]:
    """(line after the statement that starts at `start`, what it says alone)."""
    for end in range(start + 1, len(lines) + 1):
        try:
            return end, tomllib.loads("\n".join(lines[start:end]))
        except tomllib.TOMLDecodeError:
            continue
    return len(lines), {}


def _paths(value: Any) -> list[Path]:
    """The paths of everything inside a value."""
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    else:
        return []
    return [path for key, inside in items for path in [(key,), *((key, *rest) for rest in _paths(inside))]]
