"""One round of the storm: a board, its twin, and what the judge says.

Role in the flow: bench USB-1. Context: CPython.
"""

import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from tocsin.event import RESET_POWER, TYPE_ALARM
from tocsin.framing import decode_frame
from tocsin.messages import COMMAND
from tocsin_host.keys import GatewaySecrets
from tocsin_host.lib_hash import lib_hash
from tocsin_host.site import load_site
from tocsin_host.site_compile import compile_gateway

from tocsin_sim.bench.usb_gateway import Attack, make_script
from tocsin_sim.bench.usb_judge import End, complaints, noise
from tocsin_sim.bench.usb_words import PIECE_BYTES, Stranger
from tocsin_sim.tiers import Tier, VirtualTier

_STAFFED = Path(__file__).parents[2] / "sites" / "staffed.toml"
_PIN = 2
# A virtual board that takes updates. What runs on it is the machine's, so its slot holds nothing.
SLOTS = {"/slots/active": b"a", "/slots/a.tocsin": b"TOCSINU1"}


@dataclass
class Storm:
    """What was said, by kind, and what came of it."""

    words: Counter[str] = field(default_factory=Counter)
    noise: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    sent_bytes: int = 0
    said_bytes: int = 0
    storm_ms: int = 0
    records: int = 0
    alarms: int = 0
    heap_bytes: int = 0  # the most that a storm left less of than its twin
    complaints: list[str] = field(default_factory=list)

    def add(self, other: "Storm") -> None:
        """Take another round in."""
        self.words += other.words
        self.noise += other.noise
        for name in ("rounds", "sent_bytes", "said_bytes", "storm_ms", "records", "alarms"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.heap_bytes = max(self.heap_bytes, other.heap_bytes)
        self.complaints += other.complaints

    def figures(self) -> dict[str, object]:
        """JSON-ready."""
        return {**vars(self), "words": dict(self.words), "noise": dict(self.noise)}


def config_of(board: str) -> dict[str, Any]:
    """A gateway with one contact and a roster."""
    roster = compile_gateway(load_site(_STAFFED), "wing", lib_hash())["roster"]
    zone = {"zone": 1, "type": "contact", "pin": _PIN, "rest": 0, "modes": "1333"}
    return {"gateway": "bench", "board": board, "lib_hash": lib_hash(), "zones": [zone], "roster": roster}


def secrets_of(seed: str) -> GatewaySecrets:
    """Keys that repeat with the seed."""
    keys = [sha256(f"tocsin bench usb/{seed}/{use}".encode()).digest() for use in ("seal", "link", "service")]
    return GatewaySecrets("bench", keys[0], keys[1], service_key=keys[2])


class Lives(NamedTuple):
    """A board that a stranger attacked, its twin, and what is known of both."""

    twin: End
    storm: End
    secrets: GatewaySecrets
    cable_cuts: int


def attack(tier: Tier, seed: str, storm_ms: int, pace_ms: int) -> Storm:
    """Storm a board for so long, with 256 bytes each `pace_ms`, and judge it."""
    lives = live(tier, seed, storm_ms, pace_ms)
    told = lives.storm.told
    return Storm(
        words=Counter(told.words),
        noise=noise(told.records),
        rounds=1,
        sent_bytes=-(-storm_ms // pace_ms) * PIECE_BYTES,
        said_bytes=len(told.said),
        storm_ms=storm_ms,
        records=len(told.records),
        alarms=sum(record.type == TYPE_ALARM for record in told.records),
        heap_bytes=max(0, lives.twin.told.probe[0] - told.probe[0]),
        complaints=[f"{seed}: {wrong}" for wrong in complaints(*lives, tier.late_ms)],
    )


def live(tier: Tier, seed: str, storm_ms: int, pace_ms: int) -> Lives:
    """Flash two boards; one lives through the script alone, the other with a stranger, who has heard such a life."""
    secrets, script = secrets_of(seed), make_script(seed, storm_ms)
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor() as pool:
        folder = Path(name)

        def one(board: Tier, name: str, stranger: Stranger | None) -> tuple[End, list[bytes]]:
            board.flash(folder / name, secrets, config_of(board.board))
            before = board.file_system(folder / name)
            life = Attack(board.power_on(folder / name, f"{seed}/{name}", RESET_POWER), secrets, script)
            told = life.run(stranger, pace_ms)
            return End(told, before, board.file_system(folder / name)), life.frames

        # These are of sessions of another time; an order that the board never got is not old.
        _, frames = one(VirtualTier(SLOTS), "heard", None)
        old = [frame for frame in frames if decode_frame(frame[:-1])[0] != COMMAND]
        twin, storm = (pool.submit(one, tier, *what) for what in (("twin", None), ("storm", Stranger(seed, old))))
        return Lives(twin.result()[0], storm.result()[0], secrets, len(script.cable) // 2)
