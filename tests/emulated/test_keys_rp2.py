"""Keys and journal in the chip's own flash: after the next anchor an earlier key is in no memory of the chip."""

import json

import pytest
from tocsin.chain import KeyLine
from tocsin_host import gateway_files
from tocsin_host.keys import GatewaySecrets
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.emulator.fork import forked

SECRETS = GatewaySecrets("chip", bytes(range(64, 96)), bytes(32))
MAIN = """
import time
time.sleep_ms(40)
import gc
import rp2
from tocsin_fw.flash import ReservedFlash
from tocsin_fw.journal import Journal
from tocsin_fw.keystore import Keystore
from tocsin_fw.recorder import Recorder
from tocsin_fw.scrub import scrub

def begin():
    flash = ReservedFlash(rp2.Flash())
    recorder = Recorder(Journal(flash), Keystore(flash, "/keys"), lambda count: bytes(count))
    recorder.start(time.ticks_ms)
    return recorder

def many(recorder, count):
    for i in range(count):
        recorder.record((6, 7, 1)[i % 3], 255)

def kept(recorder):
    journal, seq, found = recorder._journal, 0, []
    while journal.first_from(seq) < journal.next_seq:
        seq = journal.first_from(seq)
        found.append(seq)
        assert len(journal.read(seq)) == 64 and len(journal.mac_before(seq)) == 16
        seq += 1
    return found

def at(depth, call):
    return at(depth - 1, call) if depth else call()

def left():
    gc.collect()
    return gc.mem_free()

def filled(scrubs, looks):
    at(scrubs, scrub)
    return at(looks, left)

print("ready")
"""


@pytest.fixture(scope="module")
def console(make_board):
    """A board at its prompt, with the reserved sectors of a new gateway; use it in forked() only."""
    board = make_board(MAIN, TYPICAL, areas=gateway_files.reserved_areas("pico_w", SECRETS))
    board.expect(b"ready")
    board.expect(b">>> ")
    return board


def run(board, code):
    board.usb.write(code.encode() + b"\r")
    board.expect(b"\r\n")
    return board.expect(b">>> ").removesuffix(b">>> ").decode().strip()


def _forms(key):
    """A key as it can lie in memory: its bytes, SHA-256's words, and the pads of HMAC that it went into."""
    swapped = b"".join(key[at : at + 4][::-1] for at in range(0, 32, 4))
    pads = [bytes(byte ^ pad for byte in key) for pad in (0x36, 0x5C)]
    return [key, swapped, *pads, *(b"".join(pad[at : at + 4][::-1] for at in range(0, 32, 4)) for pad in pads)]


def _found_in(memory, seqs):
    line = KeyLine(SECRETS.k0)
    return [seq for seq in seqs if any(form in memory for form in _forms(line.key(seq)))]


def test_earlier_keys_are_in_no_memory_after_the_next_anchor(console):
    def case():
        run(console, "r = begin(); many(r, 100)")
        flash_after_records = console.flash_image()
        before_scrub = _found_in(bytes(console.mcu.sram), range(64))
        run(console, "r.tend(0)")
        return (
            _found_in(flash_after_records, range(64)),
            _found_in(flash_after_records, [64]),
            bool(before_scrub),
            _found_in(bytes(console.mcu.sram), range(100)),
            run(console, "print(kept(r) == list(range(100)))"),
        )

    # The anchor before record 64 is there, or the search would prove nothing; nor would it if RAM never held one.
    assert forked(case) == ([], [64], True, [], "True")


def test_what_was_filled_is_free_again_however_deep_the_stack_was(console):
    """Words that are left on the stack keep what they seem to point to; once that was all there was to fill."""

    def case():
        looks = [run(console, f"print(left(), [filled({n}, m) for m in range(0, 16, 3)])") for n in range(12)]
        return [json.loads(f"[{look.replace(' ', ',', 1)}]") for look in looks]

    assert max(before - min(after) for before, after in forked(case)) < 3 * 4096


def test_a_start_finds_everything_and_goes_on(console):
    def case():
        run(console, "r = begin(); many(r, 70)")
        run(console, "r = begin(); many(r, 3)")
        return run(console, "print(r.boot, kept(r) == list(range(73)), r._journal.losses.damaged_count)")

    assert forked(case) == "2 True 0"
