"""What must hold between the parts of a site description, and between it and the boards.

Role in the flow: before stage 1. Context: host.
"""

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address
from typing import Any
from zoneinfo import ZoneInfo

import tocsin_boards

from .site_compile import fingerprint
from .site_errors import Finding
from .site_kinds import ALWAYS, ALWAYS_INSTANT, KINDS
from .site_lines import Path
from .site_model import WIRINGS, Gateway, Network, Site, Zone
from .site_outputs import output_rules
from .site_people_rules import people_rules
from .site_quantity_rules import broken_wiring

SSID_MAX_BYTES = 32  # IEEE 802.11


def broken_rules(site: Site) -> list[Finding]:
    """Every rule that the site breaks."""
    found = list(_timezone(site))
    first: dict[str, int] = {}
    for index, gateway in enumerate(site.gateways):
        path: Path = ("gateway", index)
        if first.setdefault(gateway.name, index) != index:
            where = f"gateway {gateway.name}, name"
            found.append(((*path, "name"), where, "another gateway has this name", "give each its own"))
        found += _gateway(gateway, path)
    return found + list(people_rules(site))


def _timezone(site: Site) -> Iterator[Finding]:
    try:
        ZoneInfo(site.timezone)
    except (KeyError, ValueError, OSError):
        yield (
            ("timezone",),
            "timezone",
            f"{site.timezone!r} is not known",
            'write one such as "Europe/Berlin"',
        )


def _gateway(gateway: Gateway, path: Path) -> Iterator[Finding]:
    yield from _duplicates(gateway, path)
    if gateway.network:
        yield from _network(gateway.network, f"gateway {gateway.name}, network", (*path, "network"))
    for index, zone in enumerate(gateway.zones):
        yield from _zone(gateway, zone, (*path, "zone", index))
    yield from output_rules(gateway.outputs, gateway.name, path)
    try:
        board = tocsin_boards.load(gateway.board)
    except KeyError:
        known = ", ".join(tocsin_boards.BOARDS)
        where = f"gateway {gateway.name}, board"
        yield (*path, "board"), where, f"{gateway.board!r} is not known", f"use one of: {known}"
        return
    yield from _wires(gateway, path, board)


def _duplicates(gateway: Gateway, path: Path) -> Iterator[Finding]:
    numbers: dict[int, Zone] = {}
    names: dict[str, Zone] = {}
    for index, zone in enumerate(gateway.zones):
        here, where = (*path, "zone", index), _where(gateway, zone)
        if (other := numbers.setdefault(zone.number, zone)) is not zone:
            what = f"number {zone.number} is taken by {other.name!r}"
            yield (*here, "number"), f"{where}, number", what, "give each zone of a gateway its own"
        if (other := names.setdefault(zone.name, zone)) is not zone:
            what = f"name {zone.name!r} is taken by zone {other.number}"
            yield (*here, "name"), f"{where}, name", what, "give each zone of a gateway its own"


def _network(network: Network, where: str, path: Path) -> Iterator[Finding]:
    if len(network.ssid.encode()) > SSID_MAX_BYTES:
        what = f"{network.ssid!r} has more than {SSID_MAX_BYTES} bytes in UTF-8"
        yield (*path, "ssid"), f"{where}.ssid", what, "give the name that the access point shows"
    try:
        IPv4Address(network.broker)
    except AddressValueError:
        # On the board, asking for the address of a name would hold up everything else until there is an answer.
        mend = 'write its IPv4 address, such as "192.168.10.5"'
        yield (*path, "broker"), f"{where}.broker", f"{network.broker!r} is no address", mend
    for text in network.certificate_sha256:
        if not re.fullmatch("[0-9a-f]{64}", fingerprint(text)):
            mend = "write what this prints: openssl x509 -in broker.crt -noout -fingerprint -sha256"
            yield (*path, "certificate_sha256"), f"{where}.certificate_sha256", f"{text!r} is no SHA-256", mend


def _zone(gateway: Gateway, zone: Zone, path: Path) -> Iterator[Finding]:
    where, given = _where(gateway, zone), zone.wirings
    if len(given) != 1:
        what = f"has {' and '.join(given) if given else 'no wiring'}"
        yield path, where, what, f"give exactly one of {', '.join(WIRINGS)}"
    elif given[0] not in KINDS[zone.kind].wirings:
        what = f"a {zone.kind} cannot be wired as {given[0]}"
        mend = f"wire it as {' or '.join(KINDS[zone.kind].wirings)}, or choose another kind"
        yield (*path, "kind"), f"{where}, kind", what, mend
    else:
        for keys, what, mend in broken_wiring(zone):
            yield (*path, *keys), f"{where}, {'.'.join(keys)}", what, mend
    if zone.modes and zone.around_the_clock is not None:
        mend = "keep one of them: around_the_clock = true is short for instant in every mode"
        yield (*path, "modes"), f"{where}, modes", "around_the_clock says the same, perhaps otherwise", mend
    yield from _responses(gateway, zone, path)


def _responses(gateway: Gateway, zone: Zone, path: Path) -> Iterator[Finding]:
    where = f"{_where(gateway, zone)}, modes"
    if "delayed" in zone.responses and not (gateway.guard and gateway.guard.entry_s):
        mend = "write guard = { entry_s = 30 } into the gateway, or instant here"
        yield (*path, "modes"), where, "delayed, but the gateway has no entry delay", mend
    if zone.kind in ALWAYS_INSTANT and zone.responses != ALWAYS:
        yield (*path, "modes"), where, f"a {zone.kind} is an alarm at once in every mode", "leave modes out"


def _wires(gateway: Gateway, path: Path, board: dict[str, Any]) -> Iterator[Finding]:
    """Each pin once, and only pins that the board has."""
    taken: dict[int | str, str] = {}
    for index, zone in enumerate(gateway.zones):
        here = (*path, "zone", index)
        for key, wire, pin, problem in _wires_of(zone, board):
            where = f"{_where(gateway, zone)}, {'.'.join(key)}"
            if problem:
                yield (*here, *key), where, *problem
            elif pin in taken:
                yield (*here, *key), where, f"{wire} is taken by {taken[pin]}", "move one of them"
            else:
                taken[pin] = f"zone {zone.number} {zone.name!r}"
    for index, output in enumerate(gateway.outputs):
        where, here = f"gateway {gateway.name}, output {output.number}, pin", (*path, "output", index, "pin")
        if output.pin not in board["pins"]:
            yield here, where, *_no_pin(output.pin, board)
        elif output.pin in taken:
            yield here, where, f"pin {output.pin} is taken by {taken[output.pin]}", "move one of them"
        taken[output.pin] = f"output {output.number} {output.name!r}"
    yield from _bus(gateway, path, board, taken)
    winds = [index for index, zone in enumerate(gateway.zones) if zone.wind]
    for index in winds[1:]:
        where = f"{_where(gateway, gateway.zones[index])}, wind"
        yield (*path, "zone", index, "wind"), where, "a board counts one anemometer", "wire this one to another gateway"


_Wire = tuple[tuple[str, ...], str, int | str, tuple[str, str] | None]


def _wires_of(zone: Zone, board: dict[str, Any]) -> Iterator[_Wire]:
    """(keys, name, what must be unique, what is wrong and how to mend it) of each wire of a zone."""
    for name in zone.wirings:
        wiring = getattr(zone, name)
        if hasattr(wiring, "pin"):
            pin = wiring.pin
            yield (name, "pin"), f"pin {pin}", pin, None if pin in board["pins"] else _no_pin(pin, board)
        elif hasattr(wiring, "adc"):
            channel = wiring.adc
            if channel in board["adc"]:
                pin = board["adc"][channel]
                yield (name, "adc"), f"ADC {channel} (pin {pin})", pin, None
            else:
                mend = f"use one of: {', '.join(map(str, board['adc']))}"
                yield (name, "adc"), "", "", (f"{board['name']} has no ADC channel {channel}", mend)
        elif hasattr(wiring, "sensor"):
            # An SHT gives one temperature and one humidity.
            yield (name, "sensor"), f"sensor {wiring.sensor}", f"{name} {wiring.sensor}", None


def _no_pin(pin: int, board: dict[str, Any]) -> tuple[str, str]:
    if pin in board["reserved"]:
        what = f"{board['name']} needs pin {pin} itself ({board['reserved'][pin]})"
    else:
        what = f"{board['name']} has no pin {pin}"
    return what, f"use one of: {_ranges(board['pins'])}"


def _ranges(pins: tuple[int, ...]) -> str:
    """Rising numbers, runs shortened: 0-22, 26-28."""
    runs: list[list[int]] = []
    for pin in pins:
        if runs and pin == runs[-1][-1] + 1:
            runs[-1].append(pin)
        else:
            runs.append([pin])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _bus(gateway: Gateway, path: Path, board: dict[str, Any], taken: dict[int | str, str]) -> Iterator[Finding]:
    """Sensors share the pins of their bus, which then are no zone's; each address on I2C is one chip's."""
    chips: dict[str, str] = {}
    for index, zone in enumerate(gateway.zones):
        for name in zone.wirings:
            sensor = getattr(getattr(zone, name), "sensor", "chip")
            if sensor == "chip":
                continue
            here, where = (*path, "zone", index, name, "sensor"), f"{_where(gateway, zone)}, {name}.sensor"
            is_one_wire = sensor.startswith("28-")
            pins = (board["onewire_pin"],) if is_one_wire else (board["i2c"]["sda"], board["i2c"]["scl"])
            bus = "one-wire" if is_one_wire else "I2C"
            for pin in pins:
                if pin in taken:
                    what = f"the {bus} bus needs pin {pin}, taken by {taken[pin]}"
                    yield here, where, what, f"move that zone off pin {pin}"
            chip, _, address = sensor.partition("-")
            if not is_one_wire and chips.setdefault(address, chip) != chip:
                what = f"I2C address {address} is taken by a {chips[address]}"
                yield here, where, what, "set another address at one of the two, by its address pin"


def _where(gateway: Gateway, zone: Zone) -> str:
    return f"gateway {gateway.name}, zone {zone.number}"
