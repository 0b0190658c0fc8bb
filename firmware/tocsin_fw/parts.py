"""What the configuration makes of a gateway's parts.

Role in the flow: before stage 1. Context: task. Only a start needs this module; start.py lets go of it then.
"""

from binascii import unhexlify

from tocsin.messages import Hello

from . import measure
from .sense import Contact, Contacts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tocsin.zone import Zone

    from .app import Gateway
    from .guard import Guarding
    from .hal import Config, Hal
    from .keystore import Keystore
    from .mqtt_link import MqttLink
    from .outputs import Outputs
    from .people import People
    from .recorder import Recorder


def contacts(
    config: "Config", zones: "dict[int, Zone]", hal: "Hal", recorder: "Recorder", guard: "Guarding | People"
) -> Contacts:
    found = [Contact(zones[entry["zone"]], entry) for entry in config["zones"] if entry["type"] == "contact"]
    return Contacts(found, hal.sampler, recorder, guard)


def measurements(
    config: "Config", zones: "dict[int, Zone]", hal: "Hal", recorder: "Recorder", guard: "Guarding | People"
) -> measure.Measurements:
    entries = [entry for entry in config["zones"] if entry["type"] in measure.TYPES]
    found = [measure.of_zone(entry, zones[entry["zone"]], hal) for entry in entries]
    return measure.Measurements(found, guard, recorder)


def outputs(config: "Config", hal: "Hal", recorder: "Recorder") -> "Outputs | None":
    """Sirens and lights when the site has some, off from now on; else None, and their module is never imported."""
    if "outputs" not in config:
        return None
    from .outputs import Outputs

    return Outputs(config["outputs"], hal.set_output, recorder)


def network(config: "Config", hal: "Hal", recorder: "Recorder") -> "MqttLink | None":
    """The second link when the site has one; else None, and its modules are never imported."""
    if "network" not in config:
        return None
    from .mqtt_link import MqttLink

    return MqttLink(hal, config["network"], config["gateway"], recorder)


def people(config: "Config", gateway: "Gateway") -> "People | None":
    """Readers, rounds and overdue tests where the site has any; else None, and their modules are never imported."""
    has_readers = any("acts" in entry for entry in config["zones"])
    if not has_readers and "rounds" not in config and not config.get("guard", {}).get("test_days"):
        return None
    from .people import People

    return People(gateway, config)


def hello(config: "Config", keystore: "Keystore", recorder: "Recorder") -> Hello:
    lib_hash = unhexlify(config["lib_hash"])
    return Hello(config["gateway"], keystore.key_id(), lib_hash, recorder.boot, 0, 0, recorder.counter, b"")
