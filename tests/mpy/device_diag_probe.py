"""The probe of `tocsin diag`, as a service console runs it beside a whole gateway."""

import json

from device_app import ZONES, _gateway
from support_flash import provision
from support_virtual import run_for

PROBE = "host_tools/tocsin_host/diag_probe.py"


def _look(duration_ms, zones=ZONES):
    gateway = _gateway(provision(), zones)
    run_for(duration_ms, gateway.run())
    names = {"__name__": "__main__"}
    with open(PROBE) as file:
        exec(file.read(), names)  # noqa: S102 - as the console does
    return json.loads(json.dumps(names["look"](gateway)))


def test_the_probe_tells_zones_clock_journal_and_memory():
    found = _look(20_500)
    assert (found["gateway"], found["board"], found["mode"], found["boot"]) == ("gallery-1", "sim_bench", 1, 1)
    assert found["uptime_ms"] == 20_500
    assert (found["utc_ms"], found["samples_lost"], found["transitions_lost"], found["bad_frames"]) == (0, 0, 0, 0)
    assert found["heap_free_bytes"] > 0
    assert (found["next_seq"], found["oldest_seqs"]) == (3, [0, 3, 1])  # boot, two heartbeats
    zones = {zone["zone"]: zone for zone in found["zones"]}
    assert sorted(zones) == [1, 2, 3]
    assert (zones[1]["type"], zones[1]["pin"], zones[1]["level"], zones[1]["state"]) == ("contact", 2, 0, 0)
    assert (zones[3]["type"], zones[3]["value"], zones[3]["state"], zones[3]["marks"]) == ("loop", 1000, 0, [])
