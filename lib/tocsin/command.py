"""What a host may order: command codes (docs/link.md, "Commands"). Numbers are never reused.

Role in the flow: the way back, stage 8 to 5. Shared: gateway and host. Context: task.
"""

SET_MODE = 1
HEARTBEAT_NOW = 2

COMMAND_NAMES = {SET_MODE: "mode", HEARTBEAT_NOW: "heartbeat now"}
