"""What people order, as the command that a gateway takes: code, argument, payload.

Role in the flow: the way back, from people (stage 11) to the outbox. Context: host. Source: docs/link.md, "Commands".
"""

from typing import NamedTuple

from tocsin import command
from tocsin.messages import COMMAND_PAYLOAD_MAX

from .roster_table import version_of


class Order(NamedTuple):
    """A command before it has a number. Persons are 0 where nobody is named."""

    code: int
    argument: int = 0
    payload: bytes = b""


def set_mode(mode: int, person: int = 0, override: bool = False) -> Order:
    """Set or unset; with `override` also though zones stand open: they are inhibited in the name of `person`."""
    return Order(command.SET_MODE, mode | person << 8 | int(override) << 16)


def heartbeat() -> Order:
    """Show at once that it is alive."""
    return Order(command.HEARTBEAT_NOW)


def inhibit(zone: int, seconds: int, person: int) -> Order:
    """Leave a zone out; 0 seconds end it."""
    return Order(command.INHIBIT, seconds, bytes((zone, person)))


def release(zone: int, seconds: int, person: int) -> Order:
    """Let an object be moved; 0 seconds end it."""
    return Order(command.RELEASE, seconds, bytes((zone, person)))


def walk_test(begins: bool, person: int) -> Order:
    """Begin or end a walk test."""
    return Order(command.TEST_BEGIN if begins else command.TEST_END, person)


def silence(person: int) -> Order:
    """Stop sirens, and leave the mode as it is."""
    return Order(command.SILENCE, person)


def roster(table: bytes) -> list[Order]:
    """Replace the roster; nothing changes before the last of them."""
    step = COMMAND_PAYLOAD_MAX
    entries = [Order(command.ROSTER_ENTRY, at, table[at : at + step]) for at in range(0, len(table), step)]
    version = version_of(table)
    signed = version - (1 << 32) if version >> 31 else version
    return [Order(command.ROSTER_BEGIN, len(table)), *entries, Order(command.ROSTER_COMMIT, signed)]
