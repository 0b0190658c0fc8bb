"""The start of a gateway: sampling first, everything else after it.

Role in the flow: stage 1, then all. Context: task.
Importing the rest takes most of a start. What moves meanwhile is in the sampler's rings, with its time.
"""

import asyncio
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .app import Gateway
    from .hal import Config, Hal


def run(open_hal: "Callable[[Config], Hal]", root: str = "") -> None:
    """Run the firmware on the board that `open_hal(config)` gives, with what `root` configures.

    Returns only by raising: then the caller notes a failed start and tries again.
    """
    asyncio.run(make_gateway(open_hal, root).run())


def make_gateway(open_hal: "Callable[[Config], Hal]", root: str) -> "Gateway":
    """A gateway that samples, but does not run. What its configuration took of the heap is free again."""
    config, problems = _load(root + "/site.json")
    hal = open_hal(config)
    start_sampler(hal, config)
    from .app import Gateway

    gateway = Gateway(hal, config, problems)
    give_back("parts")
    give_back_boards()
    return gateway


def start_sampler(hal: "Hal", config: "Config") -> None:
    """Sample the pins of all contacts."""
    mask = rest_mask = 0
    for entry in config["zones"]:
        if entry["type"] == "contact":
            mask |= 1 << entry["pin"]
            rest_mask |= entry["rest"] << entry["pin"]
    hal.sampler.start(mask, rest_mask)


def give_back_boards() -> None:
    """Let go of what is known of boards: asked once, it is 2 KiB of heap. Whoever asks again brings it in again."""
    package = sys.modules["tocsin_boards"]
    for name in list(sys.modules):
        if name.startswith("tocsin_boards."):
            del sys.modules[name]
            delattr(package, name[len("tocsin_boards.") :])


def give_back(name: str) -> None:
    """Let go of a module of the firmware that only a start needs: kilobytes that a TLS connection can miss."""
    package = sys.modules["tocsin_fw"]
    del sys.modules["tocsin_fw." + name]
    delattr(package, name)


def _load(path: str) -> "tuple[Config, int]":
    from . import config

    found = config.load(path)
    give_back("config")
    return found
