"""docs/mqtt.md says what the library does, and shows a broker's configuration that the tests run."""

import re
from pathlib import Path

from tocsin import mqtt
from tocsin_host import mqtt_reader
from tocsin_sim import broker_process

PAGE = (Path(__file__).parents[2] / "docs/mqtt.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())


def test_numbers_are_those_of_the_library() -> None:
    assert f"keep alive {mqtt.KEEPALIVE_MS // 1000} s" in TEXT
    assert f"not to have more than {mqtt.IN_FLIGHT_MAX} publishes under way" in TEXT
    assert f"pings after {mqtt.KEEPALIVE_MS // 2000} s" in TEXT
    assert f"heard nothing for {mqtt.KEEPALIVE_MS // 1000} s" in TEXT
    longest = re.search(r"MUST NOT be longer than (\d+) bytes, one to a host not longer than (\d+)", TEXT)
    assert longest is not None
    assert int(longest[1]) < mqtt.PACKET_MAX_BYTES
    assert int(longest[2]) == mqtt_reader.PIECE_MAX_BYTES


def test_the_access_list_is_the_one_that_the_tests_run() -> None:
    assert f"```\n{broker_process.ACL}```" in PAGE


def test_the_configuration_has_the_lines_that_the_tests_run() -> None:
    page = PAGE.split("per_listener_settings", 1)[1].split("```", 1)[0]
    shown = {line.split()[0] for line in ("per_listener_settings" + page).strip().splitlines()}
    run = {line.split()[0] for line in broker_process.CONFIGURATION.splitlines()}
    assert run - shown == {"user", "log_dest"}
    assert shown <= run
