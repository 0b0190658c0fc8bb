"""Alarms that somebody has yet to see: what outputs go on showing, and whether a second zone confirmed the first.

Role in the flow: stage 5, beside the record. Shared: gateway and host (its tests). Context: task.
"""

from .compat import const
from .event import TYPE_TAMPER
from .zone import FIRE, NO_CONFIRM, SILENT

# What outputs may show: bits of a mask in /site.json; docs/modes.md counts them from 1. Private constants cost no heap,
# so each module has those that it uses; tests/host/test_site_outputs.py compares them all with the host's.
_SHOW_ALARM = const(1)
_SHOW_TAMPER = const(2)
_SHOW_FIRE = const(256)
_SHOW_SILENT = const(512)

# So many alarms of one zone start the sirens anew until somebody unsets: a torn poster must not sound all night.
_SOUNDS_MAX = const(3)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .zone import Zone


class AlarmMemory:
    """`latched`: what is shown until somebody unsets; `fresh`: the bits of it that an alarm raised since outputs
    looked, which take them back."""

    def __init__(self, confirm_ms: int) -> None:
        self.latched = 0
        self.fresh = 0
        self._confirm_ms = confirm_ms
        self._first = 0
        self._first_ms = 0

    def take(self, zone: "Zone", kind: int) -> None:
        """An alarm or tamper of `zone` was recorded."""
        bits = _SHOW_TAMPER if kind == TYPE_TAMPER else _SHOW_ALARM
        if zone.does & SILENT:
            bits = _SHOW_SILENT
        elif zone.does & FIRE:
            bits |= _SHOW_FIRE
        self.latched |= bits
        if zone.sounds < _SOUNDS_MAX:
            zone.sounds += 1
            self.fresh |= bits

    def confirms(self, zone: "Zone", at_ms: int) -> "tuple[int, int] | None":
        """(number of the first zone, ms since its alarm) when this one confirms it. The next two count anew."""
        if zone.does & NO_CONFIRM or not self._confirm_ms:
            return None
        first, since_ms = self._first, abs(at_ms - self._first_ms)
        if first and first != zone.number and since_ms <= self._confirm_ms:
            self._first = 0
            return first, since_ms
        self._first, self._first_ms = zone.number, at_ms
        return None

    def clear(self) -> None:
        """Somebody unset."""
        self.latched = self.fresh = self._first = 0
