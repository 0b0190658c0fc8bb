"""Joining a wireless network, with a radio that is made up: what it says, and when it is told to begin anew."""

import sys


class _Radio:
    """Stands in for the module `network` and for its WLAN."""

    STA_IF, STAT_IDLE, JOINING = 0, 0, 1

    def __init__(self):
        self.now = self.JOINING
        self.is_up = False
        self.told = []

    def WLAN(self, _):  # noqa: N802 - the name of the original
        return self

    def active(self, *_):
        return True

    def isconnected(self):
        return self.is_up

    def status(self):
        return self.now

    def connect(self, *_):
        self.told.append("connect")

    def disconnect(self):
        self.told.append("disconnect")


class _Clock:
    now_ms = 0

    def ticks_ms(self):
        return self.now_ms

    def ticks_diff(self, a, b):
        return a - b


RADIO = sys.modules["network"] = _Radio()
from tocsin_fw import wifi_rp2  # noqa: E402

CLOCK = wifi_rp2.time = _Clock()


def _told(at_ms):
    CLOCK.now_ms = at_ms
    RADIO.told = []
    assert wifi_rp2.join("museum", "secret") is RADIO.is_up
    return RADIO.told


def test_an_idle_radio_joins_and_a_failed_one_again():
    RADIO.now = RADIO.STAT_IDLE
    assert _told(0) == ["connect"]
    RADIO.now = -3
    assert _told(200) == ["connect"]


def test_one_that_hangs_begins_anew_and_one_that_was_connected_has_its_time():
    RADIO.now = RADIO.STAT_IDLE
    assert _told(1000) == ["connect"]
    RADIO.now = RADIO.JOINING
    assert _told(1200) == _told(15_999) == []
    assert _told(16_000) == ["disconnect", "connect"]
    assert _told(30_999) == []
    RADIO.is_up = True
    assert _told(31_000) == []
    RADIO.is_up = False
    assert _told(900_000) == _told(914_999) == []
    assert _told(915_000) == ["disconnect", "connect"]
