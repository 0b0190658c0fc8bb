"""The firmware: builds the way of a signal, stage by stage, and runs it.

Role in the flow: all stages of a gateway. Context: task.
"""

import asyncio
import gc
import os

from tocsin.event import (
    SOURCE_GATEWAY,
    TROUBLE_CONFIG_REFUSED,
    TROUBLE_ROOT_FILES,
    TROUBLE_START_FAILED,
    TYPE_BOOT,
)
from tocsin.gateway_session import GatewaySession
from tocsin.zone import Zone

from . import failed_start, start
from .flash import ReservedFlash
from .guard import Guarding
from .journal import Journal
from .keystore import Keystore
from .memory import Memory
from .orders import Orders
from .pulse import Pulse, input_word
from .recorder import Recorder
from .supervisor import Supervisor
from .uplink import Uplink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .hal import Beat, Config, Hal, Link
    from .service import Service
    from .update import Update
    from .walk_test import WalkTest

# The slower debounce layer needs 240 samples to say how things stand; the boot record waits for it. What turns out not
# to be normal until a little later, when the loops have had their three readings, was found so at start.
SETTLE_MS = 250
FOUND_WITHIN_MS = 350
# The gateway that runs, for whoever looks into it from a service console.
running: "Gateway | None" = None
# How often to look while an alarm waits for its confirmation.
CONFIRM_TICK_MS = 20


class Gateway:
    """All parts of a running gateway, in the order of the way of a signal. The sampler runs already."""

    def __init__(self, hal: "Hal", config: "Config", config_problems: int) -> None:
        from . import parts

        self.hal = hal
        self._config_problems = config_problems
        self._start_until_ms = 0
        uptime_ms = hal.sampler.count
        flash = ReservedFlash(hal.flash, hal.storage)
        keystore = Keystore(flash, hal.storage + "/keys")
        self._journal = journal = Journal(flash)
        self.recorder = recorder = Recorder(journal, keystore, hal.random)
        zones = {entry["zone"]: Zone(entry["zone"], entry["modes"], entry.get("does", 0)) for entry in config["zones"]}
        outputs = parts.outputs(config, hal, recorder)
        self.memory = hal.memory = Memory(hal.storage)
        self.guarding = Guarding(config, list(zones.values()), recorder, self.memory, uptime_ms, outputs)
        self._offsets = config.get("utc_offsets", [])
        self._walk_test: "WalkTest | None" = None
        self.people = parts.people(config, self)
        self.contacts = parts.contacts(config, zones, hal, recorder, self.people or self.guarding)
        self.measurements = parts.measurements(config, zones, hal, recorder, self.people or self.guarding)
        self.network = parts.network(config, hal, recorder)
        links: "list[Link]" = [hal.link, self.network] if self.network else [hal.link]
        hello = parts.hello(config, keystore, recorder)
        sessions = [GatewaySession(hello, keystore.link_key(), journal, hal.random) for _ in links]
        self.pulse = Pulse(hal, recorder, self.contacts, sessions)
        orders = Orders(recorder, self.guarding.guard, self.pulse.heartbeat, uptime_ms, hal.storage, self.walk_test)
        self.uplinks = [Uplink(link, sessions[i], recorder, orders, uptime_ms) for i, link in enumerate(links)]
        self.uplinks[0].make_service = self._make_service
        self._update: "Update | None" = None
        for uplink in self.uplinks if hal.slot else ():
            uplink.update = self._one_update
        recorder.start(uptime_ms)
        recorder.on_record = self._wake
        if self.guarding.guard.testing:
            self.walk_test()

    async def run(self) -> None:
        """Record the start, then run for ever."""
        global running
        running = self
        uptime_ms = self.hal.sampler.count
        await asyncio.sleep_ms(max(0, SETTLE_MS - uptime_ms()))
        self._start_until_ms = uptime_ms() + FOUND_WITHIN_MS
        self.recorder.record(TYPE_BOOT, SOURCE_GATEWAY, value=self.hal.reset_cause(), count=input_word(self.hal))
        self.recorder.report_start()
        failures = failed_start.count(self.hal.storage)
        if failures:
            self.recorder.trouble(TROUBLE_START_FAILED, failures)
            failed_start.forget(self.hal.storage)
        if self._config_problems:
            self.recorder.trouble(TROUBLE_CONFIG_REFUSED, self._config_problems)
        # A virtual board's storage is a folder among others; a real one's is the whole file system.
        strangers = 0 if self.hal.storage else _strange_files()
        if strangers:
            self.recorder.trouble(TROUBLE_ROOT_FILES, strangers)
        self._look_at_trial()
        gc.threshold(-1)  # as it is without main_rp2's
        supervisor = Supervisor(self.hal, self.recorder, self._nudge)
        for task in (self._sense, self._measure, self._guard, self.pulse.run):
            supervisor.add(task)
        for uplink in self.uplinks:
            supervisor.add(uplink.listen)
            supervisor.add(uplink.push)
        if self.network:
            supervisor.add(self.network.run)
        if self.people:
            supervisor.add(self.people.run)
        await supervisor.run()

    def _look_at_trial(self) -> None:
        """A slot on trial is watched from here on; one that was tried in vain is told of."""
        if not self.hal.slot or "tried" not in os.listdir(self.hal.storage + "/slots"):
            return
        from .trial import Trial

        Trial(self.hal, self.recorder, self._journal).begin()

    def _one_update(self) -> "Update":
        if self._update is None:
            from .update import Update

            self._update = Update(self.hal, self.recorder)
        return self._update

    def _make_service(self) -> "Service":
        from .service import Service

        return Service(self.hal, self.recorder)

    def walk_test(self) -> "WalkTest":
        """What begins and ends walk tests; brought in by the first who asks."""
        if self._walk_test is None:
            from .walk_test import WalkTest

            guard, uptime_ms = self.guarding.guard, self.hal.sampler.count
            self._walk_test = WalkTest(guard, self.recorder, self.memory, self._offsets, uptime_ms)
        return self._walk_test

    async def _sense(self, beat: "Beat") -> None:
        while True:
            beat()
            if self.contacts.drain(self._start_until_ms):
                await asyncio.sleep_ms(CONFIRM_TICK_MS)
            else:
                await self.hal.sampler.flag.wait()

    async def _guard(self, beat: "Beat") -> None:
        await self.guarding.run(self.contacts, self._start_until_ms, beat)

    async def _measure(self, beat: "Beat") -> None:
        while True:
            beat()
            now_ms = self.hal.sampler.count()
            next_ms = self.measurements.take_due(now_ms, int(now_ms <= self._start_until_ms))
            await asyncio.sleep_ms(next_ms - now_ms)

    def _nudge(self) -> None:
        """Wake every task that waits for news, so that it can show it is alive."""
        self.hal.sampler.flag.set()
        self._wake()

    def _wake(self) -> None:
        for uplink in self.uplinks:
            uplink.wake()


def _strange_files() -> int:
    from . import config

    count = config.strange_files("/")
    start.give_back("config")
    return count
