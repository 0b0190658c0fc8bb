"""Sensors on the board's I2C bus and the pulse counter, on the emulated chip; twins that fail."""

import pytest
from tocsin_sim.emulator.board import NS_PER_MS
from tocsin_sim.emulator.fork import forked
from tocsin_sim.emulator.i2c_twins import I2cTwins, Lis3dh, Sht

MAIN = """
import time
time.sleep_ms(40)
import errno
from tocsin_fw import hal_rp2
zones = [
    {"type": "temperature", "sensor": "sht4x-44/t"}, {"type": "humidity", "sensor": "sht4x-44/rh"},
    {"type": "temperature", "sensor": "sht3x-45/t"}, {"type": "tilt", "sensor": "lis3dh-18", "shake_milli": 200},
    {"type": "wind", "sensor": "pulses-7"},
]
h = hal_rp2.Hal({"board": "pico_w", "zones": zones})
from tocsin_fw.memory import Memory
h.memory = Memory("")
def read(*sensors):
    found = []
    for sensor in sensors:
        try:
            found.append(h.read(sensor))
        except OSError as error:
            found.append(errno.errorcode.get(error.errno, error.errno))
    print(*found)
print("ready")
"""


@pytest.fixture(scope="module")
def console(make_board):
    """A board at its prompt with three chips on I2C; use it in forked() only."""
    board = make_board(MAIN)
    board.pin(7, True)
    board.bus = I2cTwins(board)
    board.sht4x, board.sht3x, board.lis3dh = Sht(board, "sht4x"), Sht(board, "sht3x"), Lis3dh()
    board.bus.twins = {0x44: board.sht4x, 0x45: board.sht3x, 0x18: board.lis3dh}
    board.expect(b"ready")
    board.expect(b">>> ")
    return board


def read(board, *sensors):
    board.usb.write(f"read{sensors!r}\r".encode())
    board.expect(b"\r\n")
    return board.expect(b">>> ").removesuffix(b">>> ").decode().split()


def test_both_shts_answer_with_their_last_conversion(console):
    def case():
        console.sht4x.temperature_mc, console.sht4x.humidity_milli = -12_340, 97_500
        console.sht3x.temperature_mc = 25_000
        sensors = ("sht4x-44/t", "sht4x-44/rh", "sht3x-45/t")
        first = read(console, *sensors)
        console.run_for_ms(30)
        return first, read(console, *sensors)

    first, then = forked(case)
    assert first == ["EAGAIN", "EAGAIN", "EAGAIN"]
    for found, wanted in zip(then, (-12_340, 97_500, 25_000), strict=True):
        assert abs(int(found) - wanted) <= 3


@pytest.mark.parametrize(("failure", "answer"), [("corrupt", "EIO"), ("hangs", "ETIMEDOUT"), ("absent", "EIO")])
def test_a_chip_that_fails_is_an_error_stalls_nobody_and_comes_back(console, failure, answer):
    def case():
        read(console, "sht4x-44/t")
        console.run_for_ms(30)
        if failure == "absent":
            console.sht4x.present = False
        else:
            setattr(console.sht4x, failure, True)
        start_ns = console.now_ns
        failed = read(console, "sht4x-44/t")
        took_ms = (console.now_ns - start_ns) / NS_PER_MS
        console.sht4x.present, console.sht4x.corrupt, console.sht4x.hangs = True, False, False
        found = []
        for _ in range(3):
            console.run_for_ms(30)
            found += read(console, "sht4x-44/t")
        return failed, took_ms, found, read(console, "sht3x-45/t")

    failed, took_ms, found, other = forked(case)
    assert failed == [answer]
    assert took_ms < 40
    assert abs(int(found[-1]) - 20_000) <= 3
    assert other == ["EAGAIN"]


def test_a_work_that_leans_and_a_blow_are_seen(console):
    def case():
        found = [read(console, "lis3dh-18/shake"), read(console, "lis3dh-18/tilt", "lis3dh-18/shake")]
        console.lis3dh.axes_mg = (-174, 0, 985)
        console.lis3dh.shake(150)
        found.append(read(console, "lis3dh-18/tilt", "lis3dh-18/shake"))
        console.lis3dh.shake(300)
        found.append(read(console, "lis3dh-18/shake", "lis3dh-18/shake"))
        console.lis3dh.power_up()
        found.append(read(console, "lis3dh-18/shake", "lis3dh-18/shake", "lis3dh-18/tilt"))
        return found

    first, at_rest, leaning, blow, power = forked(case)
    assert (first, at_rest, blow) == (["EAGAIN"], ["0", "0"], ["200", "0"])
    assert abs(int(leaning[0]) - 10_020) < 50
    assert leaning[1] == "0"
    assert power[:2] == ["EIO", "EAGAIN"]
    assert abs(int(power[2]) - 10_020) < 50


def test_pulses_are_counted_without_the_processor_and_bounce_is_not(console):
    def case():
        begun = read(console, "pulses-7")
        start_ns = console.now_ns
        for pulse in range(50):  # 100 a second
            for offset_ms, level in ((0, False), (0.2, True), (0.4, False), (5, True), (5.3, False), (5.5, True)):
                console.pin(7, level, start_ns + (pulse * 10 + 1 + offset_ms) * NS_PER_MS)
        console.usb.write(b"time.sleep_ms(600)\r")
        console.expect(b">>> ")
        return begun, read(console, "pulses-7")

    assert forked(case) == (["0"], ["50"])
