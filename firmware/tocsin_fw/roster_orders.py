"""A new roster from the host, order by order; the old one holds until the last of them.

Role in the flow: the way back, beside `orders.py`. Context: task. Brought in by the first of these orders only.
Source: littlefs DESIGN.md: a rename is one step, so a power cut leaves the old file or the new one.
"""

import os

from tocsin import roster
from tocsin.command import ROSTER_BEGIN, ROSTER_ENTRY
from tocsin.errors import ConfigError
from tocsin.event import (
    CONFIG_ROSTER,
    SOURCE_GATEWAY,
    TYPE_CONFIG,
    VERDICT_BAD_ARGUMENT,
    VERDICT_DONE,
    VERDICT_REFUSED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .recorder import Recorder


class RosterOrders:
    """Takes a table in pieces, and puts it in force when all of it is there."""

    def __init__(self, storage: str, recorder: "Recorder") -> None:
        self._path = storage + "/roster"
        self._recorder = recorder
        self._table: "bytearray | None" = None

    def take(self, code: int, argument: int, payload: bytes) -> int:
        """Carry out an order; the verdict."""
        if code == ROSTER_BEGIN:
            return self._begin(argument)
        if code == ROSTER_ENTRY:
            return self._fill(argument, payload)
        return self._commit(argument & 0xFFFFFFFF)

    def _begin(self, size: int) -> int:
        self._table = None
        if not 0 < size <= roster.TABLE_MAX_BYTES:
            return VERDICT_REFUSED
        try:
            self._table = bytearray(size)
        except MemoryError:
            return VERDICT_REFUSED
        return VERDICT_DONE

    def _fill(self, at: int, piece: bytes) -> int:
        table = self._table
        if table is None:
            return VERDICT_REFUSED
        if not 0 <= at <= len(table) - len(piece):
            return VERDICT_BAD_ARGUMENT
        table[at : at + len(piece)] = piece
        return VERDICT_DONE

    def _commit(self, version: int) -> int:
        table, self._table = self._table, None
        if table is None:
            return VERDICT_REFUSED
        new = self._path + ".new"
        try:
            with open(new, "wb") as file:
                file.write(table)
            with open(new, "rb") as file:
                if roster.judge(file.read, b"", 0, 0)[3] != version:
                    return VERDICT_REFUSED
            os.rename(new, self._path)
        except (OSError, ConfigError):
            return VERDICT_REFUSED
        self._recorder.record(TYPE_CONFIG, SOURCE_GATEWAY, value=CONFIG_ROSTER, count=version)
        return VERDICT_DONE
