"""How worn the journal's flash is, and how long it will last at the present pace.

Role in the flow: stage 7. Context: task.
Source: W25Q16JV data sheet: 100,000 erases of a sector at the least.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .journal import Journal

ERASES_MAX = 100_000
_WORN_FROM = ERASES_MAX * 9 // 10
_DAY_MS = 86_400_000
DAYS_UNKNOWN = 0xFFFFFFFF


class Wear:
    """Looks at the journal's count of erases once a day."""

    def __init__(self, journal: "Journal") -> None:
        self._journal = journal
        self._at_start = journal.erase_count()
        self._days = 0
        self._told_worn = False

    def due(self, uptime_ms: int) -> "tuple[int, int] | None":
        """(erases of the most used sector, days it will last at the pace since the start); None until a day is over."""
        days = uptime_ms // _DAY_MS
        if days <= self._days:
            return None
        self._days = days
        erases = self._journal.erase_count()
        made = erases - self._at_start
        return erases, max(0, ERASES_MAX - erases) * days // made if made else DAYS_UNKNOWN

    def is_worn(self) -> bool:
        """Whether nine tenths of the erases are used; said once after each start."""
        if self._told_worn or self._journal.erase_count() < _WORN_FROM:
            return False
        self._told_worn = True
        return True
