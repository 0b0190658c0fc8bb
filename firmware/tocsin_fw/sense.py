"""Contacts: from debounced transitions to zone events.

Role in the flow: stages 2 to 5, from the sampler's ring to the recorder. Context: task.
Both layers of a contact are told: the evidence layer (25 ms) as a transition record, whatever the mode; the alarm
layer moves the zone.
"""

from array import array

from tocsin.debounce import ALARM, EVIDENCE
from tocsin.edge_ring import ENTRY_WORDS, INDEX_MASK
from tocsin.event import STATE_ALARM, STATE_NORMAL, TYPE_CHATTER, TYPE_TRANSITION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tocsin.zone import Zone

    from .hal import Sampler
    from .measure import Announce
    from .recorder import Recorder

# An input that chatters must not fill the journal: 40 transitions in 10 s is twenty full activations, more than people
# do. From there on all are left out and counted, until the input keeps below that for 10 s; then the count is told.
CHATTER_TRANSITIONS = 40
CHATTER_WINDOW_MS = 10_000


class Contact:
    """A zone on a pin, and how much its input chatters."""

    def __init__(self, zone: "Zone", pin: int) -> None:
        self.zone = zone
        self.pin = pin
        self.left_out = 0
        self._window_from_ms = 0
        self._in_window = 0
        self._calm_before = False

    def may_tell(self, at_ms: int) -> bool:
        """Whether a transition at `at_ms` is recorded; False counts it as left out."""
        if at_ms - self._window_from_ms >= CHATTER_WINDOW_MS:
            self._calm_before = not self._has_excess()
            self._window_from_ms = at_ms
            self._in_window = 0
        self._in_window += 1
        if self._has_excess():
            self._calm_before = False
        elif not self.left_out:
            return True
        self.left_out += 1
        return False

    def is_calm(self, now_ms: int) -> bool:
        """Whether a window without excess has passed since; an input that moves no more begins no window."""
        windows = (now_ms - self._window_from_ms) // CHATTER_WINDOW_MS
        return self._calm_before or windows > int(self._has_excess())

    def _has_excess(self) -> bool:
        return self._in_window > CHATTER_TRANSITIONS


class Contacts:
    """All contact zones of a gateway. `announce` is called with (zone, state, value, count, at_ms)."""

    def __init__(
        self, contacts: "list[Contact]", sampler: "Sampler", recorder: "Recorder", announce: "Announce"
    ) -> None:
        self._contacts = contacts
        self._sampler = sampler
        self._recorder = recorder
        self._announce = announce
        self._entry = array("I", [0] * ENTRY_WORDS)
        self._dropped_count = 0

    def drain(self, start_until_ms: int) -> None:
        """Deal with every transition in the ring; those up to `start_until_ms` were found so at start."""
        while self._sampler.ring.pop_into(self._entry):
            index, flips, levels, layer = self._entry
            at_ms = self._uptime_of(index)
            for contact in self._contacts:
                if flips >> contact.pin & 1:
                    self._tell(contact, levels >> contact.pin & 1, layer, at_ms, at_ms <= start_until_ms)

        dropped_count = self._sampler.ring.dropped
        if dropped_count != self._dropped_count:
            self._dropped_count = dropped_count
            self._catch_up()

    def at_rest(self) -> "list[Zone]":
        """Zones whose contact the alarm layer sees at rest: nothing is announced of them until they move."""
        levels = self._sampler.levels(ALARM)
        return [contact.zone for contact in self._contacts if not levels >> contact.pin & 1]

    def _catch_up(self) -> None:
        """A full ring dropped transitions: bring every zone to what the alarm layer says now."""
        levels = self._sampler.levels(ALARM)
        for contact in self._contacts:
            state = STATE_ALARM if levels >> contact.pin & 1 else STATE_NORMAL
            self._announce(contact.zone, state, 0, 0, self._sampler.count())

    def tell_chatter(self) -> None:
        """Record how many transitions were left out of inputs that are calm again."""
        now_ms = self._sampler.count()
        for contact in self._contacts:
            if contact.left_out and contact.is_calm(now_ms):
                count, contact.left_out = contact.left_out, 0
                self._recorder.record(TYPE_CHATTER, contact.zone.number, count=count)

    def _tell(self, contact: Contact, level: int, layer: int, at_ms: int, at_start: bool) -> None:
        if layer == EVIDENCE:
            if contact.may_tell(at_ms):
                self._recorder.record(TYPE_TRANSITION, contact.zone.number, value=level, at_ms=at_ms)
        else:
            self._announce(contact.zone, STATE_ALARM if level else STATE_NORMAL, 0, int(at_start), at_ms)

    def _uptime_of(self, index: int) -> int:
        """Full uptime in ms of a sample index that is kept modulo 2**30 (12 days)."""
        count = self._sampler.count()
        return count - ((count - index) & INDEX_MASK)
