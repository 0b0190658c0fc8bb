"""docs/link.md says what the library does: its example, its types, its numbers."""

import json
import re
from pathlib import Path

from tocsin import framing, gateway_session, host_messages, messages, send_window
from tocsin.backoff import backoff_ms
from tocsin.event_names import COMMAND_NAMES
from tocsin_host.finding_log import PER_MINUTE

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/link.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())
VECTORS = json.loads((ROOT / "tests/vectors/link.json").read_text("utf-8"))


def section(title: str) -> str:
    """The text of one section, up to the next heading."""
    return PAGE.split(f"# {title}\n", 1)[1].split("\n#", 1)[0]


def test_example_is_that_of_the_vectors_and_of_the_library() -> None:
    lines = section("Example").split("```")[1].strip().splitlines()
    body, tag, wire = (bytes.fromhex(line[8:].strip()) for line in lines)
    assert (body + tag).hex() == VECTORS["example"]["body"]
    assert wire.hex() == VECTORS["example"]["wire"]
    assert host_messages.encode_ack(b"\x11" * 32, 1, 7, 7, 0b1100) == body + tag
    assert framing.encode_frame(body + tag) == wire


def test_types_are_those_of_the_library() -> None:
    rows = dict(re.findall(r"^\| (0x[0-9A-F]{2}) \| ([a-z ]+) \|", PAGE, re.MULTILINE))
    named = {int(number, 16): name.upper().replace(" ", "_") for number, name in rows.items()}
    assert named == {getattr(messages, name): name for name in named.values()}
    assert "| 0x7E, 0x7F | ping, pong |" in PAGE


def test_commands_are_those_of_the_library() -> None:
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", section("Commands"), re.MULTILINE)
    assert {int(number): name for number, name in rows} == COMMAND_NAMES


def test_numbers_are_those_of_the_library() -> None:
    assert f"A body is 1 … {framing.BODY_MAX_BYTES} bytes." in TEXT
    # A body without a zero takes its CRC and one byte of COBS more; one byte beyond that cannot be a frame.
    assert f"once {framing.BODY_MAX_BYTES + 4 + 1 + 1} bytes have come" in TEXT
    assert [backoff_ms(attempt) // 1000 for attempt in range(6)] == [1, 2, 4, 8, 10, 10]
    assert "back-off of 0.25, 0.5, 1, 2, 4, 8, 10, 10 … s" in TEXT
    assert f"at most {messages.WINDOW_RECORDS} from `next` on" in TEXT
    assert f"at most the {messages.WINDOW_RECORDS - 1} after `next`" in TEXT
    assert (
        f"plus {send_window.PROBE_MORE_MS} ms, then after ever twice as long, at most {send_window.PROBE_MOST_MS} ms"
        in TEXT
    )
    assert f"at most {send_window.PROBE_END_MS // 1000} s. When" in TEXT
    assert f"showed anything new for {send_window.GIVE_UP_AFTER_MS // 1000} s" in TEXT
    assert f"At most {send_window.URGENT_MAX} are on their way" in TEXT
    assert "Alarms, tampers, faults, troubles and service records are **urgent**" in TEXT
    assert f"every {gateway_session.TIME_ASK_EVERY_MS // 1000} s the gateway sends **time ask**" in TEXT
    assert f"it came within {gateway_session.TIME_ANSWER_WITHIN_MS // 1000} s of the ask" in TEXT
    assert f"at most {PER_MINUTE} findings a minute on each port" in TEXT


def test_reasons_are_those_of_the_library() -> None:
    assert "reason 1: 1 unknown gateway, 2 wrong link key, 3 wire version, 4 key revoked" in TEXT
    assert sorted(host_messages.REFUSAL_TEXTS) == [1, 2, 3, 4]
