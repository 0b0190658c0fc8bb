"""The rest of the RP2040's hardware layer on the emulated chip: thermometers, ADC, link, randomness, reset cause."""

import pytest
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.one_wire import Ds18b20

MAIN = """
import time
time.sleep_ms(40)
import asyncio, errno, machine
from tocsin_fw import hal_rp2, link_rp2, thermometers
def read(bus, sensor):
    try:
        return bus.read(sensor)
    except OSError as error:
        return errno.errorcode.get(error.errno, error.errno)
print("ready")
"""
FIRST, SECOND = "28-0316a4f1c2ff", "28-011912345678"


@pytest.fixture(scope="module")
def console(make_board):
    """A board at its prompt with two thermometers on pin 22; use it in forked() only."""
    board = make_board(MAIN)
    board.sensors = [Ds18b20(board, 22, name.removeprefix("28-")) for name in (FIRST, SECOND)]
    board.expect(b"ready")
    board.expect(b">>> ")
    return board


def run(board, code):
    board.usb.write(code.encode() + b"\r")
    board.expect(b"\r\n")
    return board.expect(b">>> ").removesuffix(b">>> ").decode().strip()


def test_a_thermometer_answers_with_its_last_conversion_and_begins_the_next(console):
    def case():
        console.sensors[0].temperature_mc = -3_250
        console.sensors[1].temperature_mc = 21_500
        answers = [
            run(console, f"t = thermometers.Thermometers(22, ['{FIRST}', '{SECOND}']); print(read(t, '{FIRST}'))")
        ]
        console.run_for_ms(760)
        answers.append(run(console, f"print(read(t, '{FIRST}'), read(t, '{SECOND}'), read(t, '{FIRST}'))"))
        console.sensors[0].temperature_mc = 125_000
        console.run_for_ms(760)
        answers.append(run(console, f"print(read(t, '{FIRST}'))"))
        return answers

    # The conversion that the reading began has seen 125 °C, because the twin looks at its end.
    assert forked(case) == ["EAGAIN", "-3250 21500 EAGAIN", "125000"]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"corrupt": True}, "EIO"),
        ({"present": False}, "EIO"),  # the other one answers the reset, then nobody the reading
        ({"temperature_mc": 85_000}, "34"),  # ERANGE
        ({"has_lost_power": True}, "34"),
    ],
)
def test_a_thermometer_that_fails_is_an_error_and_comes_back(console, change, answer):
    def case():
        sensor = console.sensors[0]
        run(console, f"t = thermometers.Thermometers(22, ['{FIRST}'])")
        good = {name: getattr(sensor, name) for name in change}
        for name, value in change.items():
            setattr(sensor, name, value)
        console.run_for_ms(760)
        answers = [run(console, f"print(read(t, '{FIRST}'))")]
        for name, value in good.items():
            setattr(sensor, name, value)
        for _ in range(3):
            console.run_for_ms(760)
            answers.append(run(console, f"print(read(t, '{FIRST}'))"))
        return answers

    answers = forked(case)
    assert answers[0] == answer
    assert answers[-1] == "21500"


def test_an_unknown_thermometer_is_absent(console):
    assert (
        forked(lambda: run(console, "t = thermometers.Thermometers(22, []); print(read(t, '28-000000000001'))"))
        == "ENODEV"
    )


def test_voltages_and_the_chip_temperature_are_read(console):
    def case():
        console.adc(1, 2048)
        console.adc(4, 876)
        run(console, "h = hal_rp2.Hal({'board': 'pico_w', 'zones': []})")
        return run(
            console,
            "print(h.read_mv(1), h.read('chip'), h.reset_cause(), len(h.random(32)), h.random(8) != h.random(8))",
        )

    voltage_mv, chip_mc, *others = forked(case).split()
    assert abs(int(voltage_mv) - 1650) <= 1
    assert abs(int(chip_mc) - 27_000) < 500
    assert others == ["1", "32", "True"]


def test_absent_channels_and_buses_are_errors(console):
    def case():
        run(console, "h = hal_rp2.Hal({'board': 'pico_w', 'zones': []})")
        run(console, "h.read = h.read_mv")
        return run(console, "print(read(h, 3), read(h, -1))")

    assert forked(case) == "ENODEV ENODEV"


LINK = """
async def main():
    l = link_rp2.UsbLink()
    got = b""
    waits = 0
    t = time.ticks_ms()
    while len(got) < 600:
        await l.wait(40)
        waits += 1
        got += l.read()
    l.write(bytes(range(256)))
    await l.wait(40)
    l.close()
    return got, waits, l.is_open()
"""


def test_the_link_carries_every_byte_in_both_directions(console):
    """All values, Ctrl-C and Ctrl-D among them, and more than the port's buffers at once."""
    sent = bytes(range(256)) * 2 + bytes(88)

    def case():
        console.usb.write(b"\x05" + LINK.encode() + b"\x04")
        console.expect(b">>> ")
        console.usb.write(b"got, waits, is_open = asyncio.run(main())\r")
        console.expect(b"\r\n")
        console.run_for_ms(100)
        console.usb.write(sent)
        back = console.expect(bytes(range(256)))
        console.expect(b">>> ")
        return back, run(console, f"print(got == {sent!r}, waits > 2, is_open)")

    back, answer = forked(case)
    assert back == bytes(range(256))
    assert answer == "True True True"


def test_the_link_drops_what_is_written_while_no_host_is_there(console):
    def case():
        run(console, "l = link_rp2.UsbLink()")
        console.usb.write(b"time.sleep_ms(50); before = l.is_open(); l.write(b'un' + b'heard' * 200); l.close()\r")
        console.expect(b"\r\n")
        console.usb.plug(False)
        console.run_for_ms(100)
        console.usb.plug(True)
        console.run_for_ms(50)
        return console.usb.read(), run(console, "print(before)")

    heard, is_open = forked(case)
    assert b"heard" not in heard
    assert is_open.endswith("False")
