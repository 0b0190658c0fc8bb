"""Names of record types, states, time qualities, modes and verdicts, for people; index = number.

Role in the flow: stage 11. Shared: yes, but no gateway imports it: its heap has better uses. Context: host.
Sources: docs/record.md, "The record" and "Types".
"""

TYPE_NAMES = (
    "",
    "transition",
    "alarm",
    "restore",
    "tamper",
    "fault",
    "heartbeat",
    "boot",
    "time-set",
    "overflow",
    "mode",
    "access",
    "test",
    "config",
    "update",
    "service",
    "command",
    "trouble",
    "reading",
    "chatter",
    "activity",
    "wear",
    "inhibit",
    "release",
    "delay",
    "confirmed",
    "round",
    "output",
    "refusal",
    "warning",
)

STATE_NAMES = ("normal", "alarm", "tamper", "fault")
QUALITY_NAMES = ("none", "drifting", "host-set", "ntp", "host-signed")
MODE_NAMES = ("open", "closed", "lockdown", "reopening")
VERDICT_NAMES = ("carried out", "stale counter", "forged", "unknown code", "bad argument", "refused")


def type_name(number: int) -> str:
    """Name of a record type; "type-77" for one that this version does not know."""
    if 0 < number < len(TYPE_NAMES):
        return TYPE_NAMES[number]
    return "type-%d" % number


COMMAND_NAMES = {
    1: "mode",
    2: "heartbeat now",
    3: "inhibit",
    4: "release",
    5: "walk test begin",
    6: "walk test end",
    7: "silence",
    8: "roster begin",
    9: "roster entry",
    10: "roster commit",
}
