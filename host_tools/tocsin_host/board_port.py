"""The serial ports of boards: which there are, opening the one that appears, sending a board to its bootloader.

Role in the flow: provisioning, before stage 1. Context: host.
"""

from __future__ import annotations

import subprocess
import sys
import time

import serial
from serial.tools import list_ports

from .board_check import BoardError, first_hello

_RASPBERRY_PI = 0x2E8A
_BAUD_RATE = 115200
_READ_TIMEOUT_S = 0.1
_HELLO_PATIENCE_S = 3.0
_MPREMOTE_PATIENCE_S = 30
_LOOK_EVERY_S = 0.2
_HOLD = "hold the board's BOOTSEL button while you plug it in"


def board_ports() -> list[str]:
    """Ports of running boards with an RP2040."""
    return sorted(port.device for port in list_ports.comports() if port.vid == _RASPBERRY_PI)


def open_port(url: str) -> serial.Serial:
    """A port that reads for at most a tenth of a second. Raises: OSError, BoardError for a bad URL."""
    try:
        return serial.serial_for_url(url, _BAUD_RATE, timeout=_READ_TIMEOUT_S, write_timeout=2, exclusive=True)
    except ValueError as error:
        raise BoardError(f"--port {url}: {error}; give a device or a pyserial URL") from error


def open_new(url: str | None, before: set[str], patience_s: float) -> serial.Serial:
    """The port `url`, or the one that was not there `before`, as soon as it opens. Raises: BoardError."""
    until_s = time.monotonic() + patience_s
    why = "no port of a board appeared"
    while time.monotonic() < until_s:
        new = [url] if url else sorted(set(board_ports()) - before)
        try:
            if len(new) == 1:
                return open_port(new[0])
            why = f"several ports appeared: {', '.join(new)}" if new else why
        except OSError as error:  # it is there, and not ready yet
            why = str(error)
        time.sleep(_LOOK_EVERY_S)
    raise BoardError(f"the image is written, and the board cannot be asked: {why}; name its port: --port")


def to_bootloader(url: str | None) -> str:
    """Send the one board that runs to its bootloader if its console is open; what to tell the person now."""
    ports = [url] if url else board_ports()
    if len(ports) != 1:
        return f"{len(ports)} boards run: {_HOLD}"
    try:
        with open_port(ports[0]) as port:
            said = first_hello(port, _HELLO_PATIENCE_S)
    except OSError as error:
        return f"{ports[0]}: {error}; {_HOLD}"
    if said:
        return f"gateway {said[0].name} runs at {ports[0]} and its console is closed: {_HOLD}"
    command = [sys.executable, "-m", "mpremote", "connect", ports[0], "bootloader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_MPREMOTE_PATIENCE_S, check=False)
    except subprocess.TimeoutExpired:
        return f"{ports[0]}: the console does not answer: {_HOLD}"
    if done.returncode:
        return f"{ports[0]}: the console does not answer: {_HOLD}"
    return f"{ports[0]}: the board goes to its bootloader"
