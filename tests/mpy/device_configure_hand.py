"""What `tocsin configure` sends to a service console, run beside a whole gateway."""

import os
from binascii import crc32, hexlify

from device_app import _gateway
from support_console import console
from support_flash import STORAGE, provision
from support_virtual import CLOCK, run_for

HAND = "host_tools/tocsin_host/configure_hand.py"
NEW = b'{"gateway":"gallery","zones":[]}' * 9


def _in_force():
    with open(STORAGE + "/site.json", "rb") as file:
        return file.read()


def test_it_takes_the_place_of_the_old_one_when_all_of_it_came():
    said = []
    run_for(1000, _gateway(provision()).run())
    hand, before = console(HAND, said), _in_force()
    for _ in range(2):  # the first attempt ends in the middle
        hand["begin"]()
        hand["add"](hexlify(NEW[:100]).decode())
        assert _in_force() == before
    hand["add"](hexlify(NEW[100:]).decode())
    hand["put_into_force"](crc32(NEW))
    assert said == [(1,)] and _in_force() == NEW
    assert "site.new" not in os.listdir(STORAGE + "/state")


def test_a_part_or_damage_leaves_the_old_one_in_force():
    said = []
    run_for(1000, _gateway(provision()).run())
    hand, before = console(HAND, said), _in_force()
    hand["begin"]()
    hand["add"](hexlify(NEW[:-1]).decode())
    hand["put_into_force"](crc32(NEW))
    assert said == [(0,)] and _in_force() == before


def test_it_restarts_when_the_console_had_its_time():
    restarts = []
    gateway = _gateway(provision())
    gateway.hal.restart = lambda: restarts.append(CLOCK.now_ms)
    hand = console(HAND, [])
    CLOCK.at(5000, lambda _: hand["restart_soon"](), None)
    run_for(10_000, gateway.run())
    assert len(restarts) == 1 and 8000 <= restarts[0] < 8010
