"""What a host may order: command codes (docs/link.md, "Commands"). Numbers are never reused.

Role in the flow: the way back, stage 8 to 5. Shared: gateway and host. Context: task.
"""

from .compat import const

SET_MODE = const(1)
HEARTBEAT_NOW = const(2)
INHIBIT = const(3)
RELEASE = const(4)
TEST_BEGIN = const(5)
TEST_END = const(6)
SILENCE = const(7)
ROSTER_BEGIN = const(8)
ROSTER_ENTRY = const(9)
ROSTER_COMMIT = const(10)
