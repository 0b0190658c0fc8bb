"""Who touched a reader or turned a key, and what comes of it: set, unset, a walk test, a checkpoint of a round.

Role in the flow: stage 5. Context: task. Only where the site has people, rounds or test days; docs/people.md.
Every touch is a record, also one that nothing comes of; who tries often enough is told of less often, and is an alarm.
"""

import asyncio
import json

from tocsin import roster
from tocsin.compat import const
from tocsin.errors import ConfigError
from tocsin.event import (
    ACCESS_NO_RIGHT,
    ACCESS_REPEATED,
    ACCESS_TAKEN,
    ACCESS_UNKNOWN,
    CONFIG_ROSTER,
    MODE_OPEN,
    SOURCE_GATEWAY,
    STATE_ALARM,
    STATE_FAULT,
    STATE_NORMAL,
    TROUBLE_ROSTER,
    TYPE_ACCESS,
    TYPE_CONFIG,
    VERDICT_REFUSED,
)
from tocsin.judge import is_set
from tocsin.local_time import local_min

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tocsin.zone import Zone

    from .app import Gateway
    from .hal import Beat, Config

_POLL_MS = const(250)
# A touch is over when nothing was read twice: contacts of an iButton are made by hand.
_AWAY_POLLS = const(2)
_FAULT_POLLS = const(4)
# Refused touches of one kind at one reader that are told of in this time; as many unknown ones are an alarm.
_TRIES = const(5)
_TRIES_WITHIN_MS = const(600_000)
# A manager who touches again within this time after a refusal sets in spite of what stands open.
_OVERRIDE_WITHIN_MS = const(30_000)
_TROUBLE_EVERY_MS = const(60_000)


class People:
    """Readers, keyswitches, checkpoints and rounds of a gateway."""

    def __init__(self, gateway: "Gateway", config: "Config") -> None:
        self._hal = gateway.hal
        self._recorder = gateway.recorder
        self._memory = gateway.memory
        self._guard = gateway.guarding.guard
        self.warn = self._guard.warn
        self._gateway = gateway
        self._offsets = config.get("utc_offsets", [])
        self._entries = {entry["zone"]: entry for entry in config["zones"] if "acts" in entry}
        # [entry, what is held to it, polls without it, polls with a line that is stuck]
        self._readers: "list[list[Any]]" = [
            [entry, None, 0, 0] for entry in self._entries.values() if entry["type"] == "reader"
        ]
        self._tries: "dict[int, list[int]]" = {}
        self._refused = (0, 0)  # whom a setting was refused, until when that may be overridden
        self._trouble_from_ms = 0
        self._rounds = _rounds(config, self._recorder, self._memory)
        self._test_days = config.get("guard", {}).get("test_days", 0)

    async def run(self, beat: "Beat") -> None:
        """The task."""
        if self._entries:
            self.tell_roster()
        # The guard knows how all zones stand by then. What is held to a reader as the power comes back is no touch.
        await asyncio.sleep_ms(2 * _POLL_MS)
        for reader in self._readers:
            reader[1] = self._read(reader)
        while True:
            beat()
            now_ms = self._hal.sampler.count()
            for reader in self._readers:
                self._poll(reader, now_ms)
            self.tick(now_ms)
            await asyncio.sleep_ms(_POLL_MS if self._readers else 4 * _POLL_MS)

    def tell_roster(self) -> None:
        """Record which roster is in force."""
        try:
            version = self._judge(b"", 0, 0)[3]
        except (OSError, ConfigError):
            self._recorder.trouble(TROUBLE_ROSTER, 0)
        else:
            self._recorder.record(TYPE_CONFIG, SOURCE_GATEWAY, value=CONFIG_ROSTER, count=version)

    def tick(self, now_ms: int) -> None:
        """Rounds that begin and legs that end; zones that nobody tested for too long."""
        utc_ms = self._recorder.clock.utc_ms(now_ms)
        if utc_ms:
            now_min = local_min(utc_ms, self._offsets)
            if self._rounds and self._rounds.tick(utc_ms // 1000, now_min, now_ms):
                self._keep_rounds()
            if self._test_days:
                self._gateway.walk_test().tell_overdue(now_min // 1440, self._test_days, now_ms)

    def announce(self, zone: "Zone", state: int, value: int, count: int, at_ms: int) -> None:
        """How a zone stands, on its way to the guard. A keyswitch turned and a button pressed are touches."""
        before = zone.state
        self._gateway.guarding.announce(zone, state, value, count, at_ms)
        entry = self._entries.get(zone.number)
        if entry is not None and zone.state == STATE_ALARM != before:
            if "person" in entry:
                self.touch(entry, b"", entry["person"], at_ms)
            else:
                self._reach(zone.number, 0, at_ms)

    def touch(self, entry: "dict[str, Any]", rom: bytes, person: int, now_ms: int) -> None:
        """Somebody is at a reader with `rom`, or turned the keyswitch of `person`."""
        zone, acts = entry["zone"], entry["acts"]
        try:
            person, role, verdict, _ = self._judge(rom, person, now_ms)
        except (OSError, ConfigError):
            if now_ms >= self._trouble_from_ms:
                self._trouble_from_ms = now_ms + _TROUBLE_EVERY_MS
                self._recorder.trouble(TROUBLE_ROSTER, 0)
            return
        if verdict == ACCESS_TAKEN and role == roster.TECHNICIAN and not acts:
            verdict = ACCESS_NO_RIGHT
        if verdict != ACCESS_TAKEN:
            self._refuse(zone, person, verdict, now_ms)
            return
        self._tell(zone, person, verdict, now_ms)
        if not acts:
            self._reach(zone, person, now_ms)
        elif role == roster.TECHNICIAN:
            self._gateway.walk_test().toggle(person, now_ms)
        else:
            self._set(acts, person, role, now_ms)

    def _set(self, mode: int, person: int, role: int, now_ms: int) -> None:
        guard = self._guard
        if is_set(guard.mode) or guard.exit_at:
            guard.set_mode(MODE_OPEN, person, False, now_ms)
            return
        again = role == roster.MANAGER and person == self._refused[0] and now_ms < self._refused[1]
        self._refused = (0, 0)
        if guard.set_mode(mode, person, again, now_ms) == VERDICT_REFUSED:
            self._refused = (person, now_ms + _OVERRIDE_WITHIN_MS)

    def _reach(self, zone: int, person: int, now_ms: int) -> None:
        utc_s = self._recorder.clock.utc_ms(now_ms) // 1000
        if self._rounds and self._rounds.reach(zone, person, utc_s, now_ms):
            self._keep_rounds()

    def _refuse(self, zone: int, person: int, verdict: int, now_ms: int) -> None:
        key = zone << 3 | verdict
        tries = [at for at in self._tries.get(key, []) if now_ms - at < _TRIES_WITHIN_MS]
        if len(tries) < _TRIES:
            tries.append(now_ms)
            self._tell(zone, person, verdict, now_ms)
            if verdict == ACCESS_UNKNOWN and len(tries) == _TRIES:
                self._tell(zone, 0, ACCESS_REPEATED, now_ms)
                for state in (STATE_ALARM, STATE_NORMAL):
                    self._guard.announce(self._guard.zones[zone], state, 0, 0, now_ms)
        self._tries[key] = tries

    def _tell(self, zone: int, person: int, verdict: int, now_ms: int) -> None:
        self._recorder.record(TYPE_ACCESS, zone, 0, 0, person, verdict, now_ms)

    def _judge(self, rom: bytes, person: int, now_ms: int) -> "tuple[int, int, int, int]":
        now_min = local_min(self._recorder.clock.utc_ms(now_ms), self._offsets)
        with open(self._hal.storage + "/roster", "rb") as file:
            return roster.judge(file.read, rom, person, now_min)

    def _poll(self, reader: "list[Any]", now_ms: int) -> None:
        rom = self._read(reader)
        entry, held, away, stuck = reader
        zone = self._guard.zones[entry["zone"]]
        if stuck in (0, _FAULT_POLLS) and bool(stuck) != (zone.state == STATE_FAULT):
            self._guard.announce(zone, STATE_FAULT if stuck else STATE_NORMAL, 0, 0, now_ms)
        if rom is None:
            away += 1
            held = None if away >= _AWAY_POLLS else held
        else:
            away = 0
            if rom != held:
                held = rom
                self.touch(entry, rom, 0, now_ms)
        reader[1], reader[2] = held, away

    def _read(self, reader: "list[Any]") -> "bytes | None":
        """What is held to a reader; counts how often its line was stuck."""
        try:
            rom = self._hal.read_rom(reader[0]["pin"])
            reader[3] = 0
        except OSError:
            rom = None
            reader[3] += 1
        return rom

    def _keep_rounds(self) -> None:
        assert self._rounds is not None
        self._memory.keep("rounds", json.dumps(self._rounds.states).encode())


def _rounds(config: "Config", recorder: "Any", memory: "Any") -> "Any":
    """The rounds, as they stood when the power went; None, and no module, where there are none."""
    if "rounds" not in config:
        return None
    from tocsin.rounds import Rounds

    rounds = Rounds(config["rounds"], recorder.record)
    try:
        rounds.resume(json.loads(memory.load("rounds") or b"[]"))
    except (ValueError, TypeError):
        pass  # they begin anew with the next start
    return rounds
