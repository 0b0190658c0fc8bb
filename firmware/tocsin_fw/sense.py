"""Contacts: from debounced transitions to zone events.

Role in the flow: stages 2 to 5, from the sampler's ring to the recorder. Context: task.
Both layers of a contact are told: the evidence layer (25 ms) as a transition record, whatever the mode; the layer that
its site chose moves the zone, through a gate where more than one movement is asked for.
"""

from array import array

from tocsin.debounce_layers import ALARM, EVIDENCE
from tocsin.edge_ring import ENTRY_WORDS, INDEX_MASK
from tocsin.event import MODE_OPEN, STATE_ALARM, STATE_NORMAL, TYPE_CHATTER, TYPE_TRANSITION

from .measure import gate_for, tell_warnings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tocsin.zone import Zone

    from .guard import Guarding
    from .hal import Sampler
    from .people import People
    from .recorder import Recorder

# An input that chatters must not fill the journal: 40 transitions in 10 s is twenty full activations, more than people
# do. From there on all are left out and counted, until the input keeps below that for 10 s; then the count is told.
CHATTER_TRANSITIONS = 40
CHATTER_WINDOW_MS = 10_000


class Contact:
    """A zone on a pin, and how much its input chatters."""

    def __init__(self, zone: "Zone", config: "dict[str, Any]") -> None:
        self.zone = zone
        self.pin = config["pin"]
        self.layer = config.get("layer", ALARM)
        self.gate = gate_for(config)
        self.warned = 0
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
    """All contact zones of a gateway."""

    def __init__(
        self, contacts: "list[Contact]", sampler: "Sampler", recorder: "Recorder", guard: "Guarding | People"
    ) -> None:
        self._contacts = contacts
        self._sampler = sampler
        self._recorder = recorder
        self._guard = guard
        self._entry = array("I", [0] * ENTRY_WORDS)
        self._dropped_count = 0
        self._start_until_ms = -1

    def drain(self, start_until_ms: int) -> bool:
        """Deal with every transition in the ring; those up to `start_until_ms` were found so at start.

        Whether an alarm waits for its confirmation: then call again soon, not only when something moves.
        """
        self._start_until_ms = start_until_ms
        while self._sampler.ring.pop_into(self._entry):
            index, flips, levels, layer = self._entry
            at_ms = self._uptime_of(index)
            for contact in self._contacts:
                if flips >> contact.pin & 1:
                    self._tell(contact, levels >> contact.pin & 1, layer, at_ms)

        dropped_count = self._sampler.ring.dropped
        if dropped_count != self._dropped_count:
            self._dropped_count = dropped_count
            self._catch_up()
        return self._tick()

    def at_rest(self) -> "list[Zone]":
        """Zones whose contact its layer sees at rest: nothing is announced of them until they move."""
        levels = self._sampler.levels
        return [contact.zone for contact in self._contacts if not levels(contact.layer) >> contact.pin & 1]

    def _catch_up(self) -> None:
        """A full ring dropped transitions: bring every zone to what its layer says now."""
        for contact in self._contacts:
            self._show(contact, self._sampler.levels(contact.layer) >> contact.pin & 1, self._sampler.count())

    def tend(self) -> None:
        """Once a second: warnings, and how many transitions were left out of inputs that are calm again."""
        self._tick()
        now_ms = self._sampler.count()
        for contact in self._contacts:
            if contact.left_out and contact.is_calm(now_ms):
                count, contact.left_out = contact.left_out, 0
                self._recorder.record(TYPE_CHATTER, contact.zone.number, count=count)

    def _tell(self, contact: Contact, level: int, layer: int, at_ms: int) -> None:
        if layer == EVIDENCE and contact.may_tell(at_ms):
            self._recorder.record(TYPE_TRANSITION, contact.zone.number, value=level, at_ms=at_ms)
        if layer == contact.layer:
            self._show(contact, level, at_ms)

    def _show(self, contact: Contact, level: int, at_ms: int) -> None:
        """The contact is away from rest, or at rest, from `at_ms` on."""
        state = STATE_ALARM if level else STATE_NORMAL
        if contact.gate:
            self._pass_gate(contact, at_ms)
            contact.gate.take(state, at_ms)
            self._pass_gate(contact, at_ms)
        # The guard may remember an alarm from before a restart that was not confirmed since.
        if not contact.gate or (state == STATE_NORMAL and contact.zone.state != STATE_NORMAL):
            self._guard.announce(contact.zone, state, 0, self._found(at_ms), at_ms)

    def _pass_gate(self, contact: Contact, now_ms: int) -> None:
        """Tell what a contact's gate lets through by now."""
        gate, zone = contact.gate, contact.zone
        before = gate.told
        state = gate.tick(now_ms, self._recorder.mode == MODE_OPEN)
        if state != before:
            self._guard.announce(zone, state, 0, self._found(gate.since_ms), gate.at_ms)
        if gate.warnings != contact.warned:
            tell_warnings(self._guard, zone, gate.warnings, contact.warned, 0, now_ms)
            contact.warned = gate.warnings

    def _tick(self) -> bool:
        """Let time pass for every gate; whether one of them waits."""
        is_waiting = False
        for contact in self._contacts:
            if contact.gate:
                self._pass_gate(contact, self._sampler.count())
                is_waiting = is_waiting or contact.gate.is_waiting
        return is_waiting

    def _found(self, at_ms: int) -> int:
        return int(at_ms <= self._start_until_ms)

    def _uptime_of(self, index: int) -> int:
        """Full uptime in ms of a sample index that is kept modulo 2**30 (12 days)."""
        count = self._sampler.count()
        return count - ((count - index) & INDEX_MASK)
