"""What can happen: numbers of record types, states, verdicts, troubles; the flags byte.

Role in the flow: stages 4 to 11. Shared: yes. Context: task and host.
Sources: docs/record.md, "The record" and "Types". Numbers are never reused.
"""

from .compat import const, micropython
from .errors import RecordError

TYPE_TRANSITION = const(1)
TYPE_ALARM = const(2)
TYPE_RESTORE = const(3)
TYPE_TAMPER = const(4)
TYPE_FAULT = const(5)
TYPE_HEARTBEAT = const(6)
TYPE_BOOT = const(7)
TYPE_TIME_SET = const(8)
TYPE_OVERFLOW = const(9)
TYPE_MODE = const(10)
TYPE_ACCESS = const(11)
TYPE_TEST = const(12)
TYPE_CONFIG = const(13)
TYPE_UPDATE = const(14)
TYPE_SERVICE = const(15)
TYPE_COMMAND = const(16)
TYPE_TROUBLE = const(17)
TYPE_READING = const(18)
TYPE_CHATTER = const(19)
TYPE_ACTIVITY = const(20)
TYPE_WEAR = const(21)
TYPE_INHIBIT = const(22)
TYPE_RELEASE = const(23)
TYPE_DELAY = const(24)
TYPE_CONFIRMED = const(25)
TYPE_ROUND = const(26)
TYPE_OUTPUT = const(27)
TYPE_REFUSAL = const(28)
TYPE_WARNING = const(29)

# Classes of records, each with a ring of the journal to itself: what comes often never pushes out what matters.
CLASS_SECURITY = const(0)
CLASS_EVIDENCE = const(1)
CLASS_ROUTINE = const(2)
CLASSES = const(3)

SOURCE_GATEWAY = const(255)
SOURCE_ZONE_MAX = const(250)
PERSON_MAX = const(250)

STATE_NORMAL = const(0)
STATE_ALARM = const(1)
STATE_TAMPER = const(2)
STATE_FAULT = const(3)

QUALITY_NONE = const(0)
QUALITY_DRIFTING = const(1)
QUALITY_HOST_SET = const(2)
QUALITY_NTP = const(3)
QUALITY_HOST_SIGNED = const(4)

MODE_OPEN = const(0)
MODE_CLOSED = const(1)
MODE_LOCKDOWN = const(2)
MODE_REOPENING = const(3)
MODES = const(4)

RESET_UNKNOWN = const(0)
RESET_POWER = const(1)
RESET_WATCHDOG = const(3)

VERDICT_DONE = const(0)
VERDICT_STALE = const(1)
VERDICT_FORGED = const(2)
VERDICT_UNKNOWN = const(3)
VERDICT_BAD_ARGUMENT = const(4)
VERDICT_REFUSED = const(5)

# What a config record is about.
CONFIG_ROSTER = const(1)

ACCESS_TAKEN = const(0)
ACCESS_UNKNOWN = const(1)
ACCESS_OUTSIDE = const(2)
ACCESS_NO_RIGHT = const(3)
ACCESS_NO_CLOCK = const(4)
ACCESS_REPEATED = const(5)
ACCESS_SILENCED = const(6)

TROUBLE_TASK_DIED = const(1)
TROUBLE_TASK_HOPELESS = const(2)
TROUBLE_SAMPLES_LOST = const(3)
TROUBLE_SAMPLER_STILL = const(4)
TROUBLE_BAD_FRAMES = const(5)
TROUBLE_JOURNAL_WRITE = const(6)
TROUBLE_JOURNAL_DAMAGED = const(7)
TROUBLE_KEY_DAMAGED = const(8)
TROUBLE_CONFIG_REFUSED = const(9)
TROUBLE_ROOT_FILES = const(10)
TROUBLE_TRANSITIONS_LOST = const(11)
TROUBLE_START_FAILED = const(12)
TROUBLE_NETWORK = const(13)
TROUBLE_CERTIFICATE = const(14)
TROUBLE_SECTOR_FAILED = const(15)
TROUBLE_FLASH_WORN = const(16)
TROUBLE_HEAP_LOW = const(17)
TROUBLE_HOST_CLOCK = const(18)
TROUBLE_CLOCK_ERROR = const(19)
TROUBLE_ROSTER = const(21)
TROUBLE_MEMORY = const(20)

# `value` of an update record.
UPDATE_BEGUN = const(0)
UPDATE_TRIED = const(1)
UPDATE_CONFIRMED = const(2)
UPDATE_WENT_BACK = const(3)
UPDATE_REFUSED = const(4)
UPDATE_GAP = const(5)

# `value` of a service record.
SERVICE_BEGUN = const(0)
SERVICE_CLOSED = const(1)
SERVICE_TIME_OVER = const(2)
SERVICE_CABLE_OUT = const(3)
SERVICE_REFUSED = const(4)

# `value` of a fault or heartbeat without a reading: the largest signed 32-bit number.
NO_READING = const(0x7FFFFFFF)


def record_class(kind: int) -> int:
    """The class of a record type: routine comes by the clock, evidence with every movement, security is all else."""
    if kind in (TYPE_HEARTBEAT, TYPE_READING, TYPE_WEAR):
        return CLASS_ROUTINE
    if kind in (TYPE_TRANSITION, TYPE_CHATTER, TYPE_ACTIVITY):
        return CLASS_EVIDENCE
    return CLASS_SECURITY


@micropython.native
def pack_flags(state: int, before: int, quality: int, test: int = 0) -> int:
    """Flags byte: bits 0-1 state after, 2-3 state before, 4-6 time quality, 7 test.

    Raises: RecordError for a part out of range.
    """
    if (state | before) & ~3 or quality & ~7 or test & ~1:
        raise RecordError(
            "flags out of range: state %d, before %d, quality %d, test %d" % (state, before, quality, test)
        )
    return state | before << 2 | quality << 4 | test << 7


def unpack_flags(flags: int) -> "tuple[int, int, int, int]":
    """(state, before, quality, test) of a flags byte."""
    return flags & 3, flags >> 2 & 3, flags >> 4 & 7, flags >> 7 & 1
