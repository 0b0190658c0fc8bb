"""The sampler of the RP2040 on the emulated chip: exact samples, exact counts, through every blackout.

The contents are checked, not only their number: the oracle is the plain debouncer of lib/ fed with the levels
that the test drove.
"""

import hashlib
import json
import random
from array import array

import pytest
from tocsin.debounce import ALARM, EVIDENCE, Debouncer
from tocsin.edge_ring import EdgeRing
from tocsin_sim.emulator import pio_pace
from tocsin_sim.emulator.board import NS_PER_MS
from tocsin_sim.emulator.flash_model import WORST
from tocsin_sim.emulator.fork import forked

# A console that can drain, count and stall; the test drives pins meanwhile.
MAIN = """
import time
time.sleep_ms(40)
import asyncio, json, machine, rp2
from array import array
from tocsin_fw import isr, sampler_rp2
out = array("I", [0] * 4)
edges = []
woken = [0]
s = sampler_rp2.Sampler(PERIOD)
flash = rp2.Flash()
def drain():
    while s.ring.pop_into(out):
        edges.append(list(out))
async def watch():
    while True:
        await s.flag.wait()
        woken[0] += 1
        drain()
def watch_ms(ms):
    async def main():
        task = asyncio.create_task(watch())
        await asyncio.sleep_ms(ms)
        task.cancel()
    asyncio.run(main())
def report():
    drain()
    print(json.dumps([s.count(), s.lost(), s.levels(0), s.levels(1), s.ring.dropped, woken[0], edges]))
print("ready")
"""
EDGE_ENTRIES = 256
PINS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 26, 27, 28]
MASK = sum(1 << pin for pin in PINS)


@pytest.fixture(scope="module")
def console(make_board):
    """console(period): a board with the sampler ready; use it in forked() only."""
    boards = {}

    def get(period="1 << 30", timing=WORST):
        if period not in boards:
            board = make_board(MAIN.replace("PERIOD", period), timing)
            board.expect(b"ready")
            board.expect(b">>> ")
            boards[period] = board
        return boards[period]

    return get


def run(board, code, limit_ms=10_000):
    board.usb.write(code.encode() + b"\r")
    board.expect(b"\r\n")
    return board.expect(b">>> ", limit_ms).removesuffix(b">>> ").decode().strip()


def start(board, mask, rest=0):
    """Start the sampler; returns the time of sample 0 in ns, found from the DMA's first transfer."""
    board.usb.write(f"s.start({mask}, {rest})\r".encode())
    copy = board.mcu.dma.channels[0]
    while not copy.active or copy._trans_count == copy._trans_count_reload:
        board.run_until_ns(board.now_ns + 10_000)
    sample_0_ns = board.now_ns
    board.expect(b">>> ")
    return sample_0_ns


def report(board):
    names = ("count", "lost", "evidence", "alarm", "dropped", "woken", "edges")
    return dict(zip(names, json.loads(run(board, "report()")), strict=True))


def play(board, sample_0_ns, changes, start_levels):
    """Drive [(ms, pin, level)]: half a millisecond before the sample of that index."""
    for pin in PINS:
        board.pin(pin, bool(start_levels >> pin & 1))
    for at_ms, pin, level in changes:
        board.pin(pin, bool(level), sample_0_ns + at_ms * NS_PER_MS - NS_PER_MS // 2)


def expected(changes, start_levels, count, rest=0):
    """Transitions of the plain debouncer for the same levels."""
    ring = EdgeRing(4096)
    debouncer = Debouncer(ring)
    word = start_levels
    by_time = {}
    for at_ms, pin, level in changes:
        by_time.setdefault(at_ms, []).append((pin, level))
    times = [*sorted(by_time), count]
    before = 0
    for at_ms in times:
        debouncer.feed((word ^ rest) & MASK, at_ms - before, before)
        before = at_ms
        for pin, level in by_time.get(at_ms, ()):
            word = word & ~(1 << pin) | level << pin
    out = array("I", [0] * 4)
    edges = []
    while ring.pop_into(out):
        edges.append(list(out))
    return edges, debouncer


def random_changes(seed, pins, until_ms, chance):
    rng = random.Random(seed)
    levels = dict.fromkeys(pins, 0)
    changes = []
    for at_ms in range(80, until_ms):
        for pin in pins:
            if rng.random() < chance(pin):
                levels[pin] ^= 1
                changes.append((at_ms, pin, levels[pin]))
    return changes


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_transitions_equal_the_plain_twin_bit_for_bit(console, seed):
    """Noisy, slow and still inputs together, and a start in mid-level, in an order of chance."""

    def case():
        board = console()
        rng = random.Random(seed)
        pace = {pin: rng.choice([0, 0.003, 0.01, 0.3]) for pin in PINS}
        start_levels = rng.getrandbits(30) & MASK
        rest = rng.getrandbits(30) & MASK
        for pin in PINS:
            board.pin(pin, bool(start_levels >> pin & 1))
        sample_0_ns = start(board, MASK, rest)
        changes = [
            (at_ms, pin, level ^ (start_levels >> pin & 1))
            for at_ms, pin, level in random_changes(seed, PINS, 900, pace.__getitem__)
        ]
        play(board, sample_0_ns, changes, start_levels)
        run(board, "watch_ms(1300)")
        found = report(board)
        edges, twin = expected(changes, start_levels, found["count"], rest)
        return found, edges, [twin.levels(EVIDENCE), twin.levels(ALARM)]

    found, edges, levels = forked(case)
    assert (found["lost"], found["dropped"]) == (0, 0)
    assert len(edges) > 20
    assert found["edges"] == edges
    assert [found["evidence"], found["alarm"]] == levels
    assert 0 < found["woken"] <= len(edges)


def test_a_400_ms_blackout_loses_no_sample(console):
    """A sector erase at the flash chip's worst time, with a contact that opens and closes inside it."""

    def case():
        board = console()
        sample_0_ns = start(board, MASK)
        changes = [(100, 2, 1), (600, 2, 0), (1000, 2, 1)]
        play(board, sample_0_ns, changes, 0)
        erases = []
        board.flash.hooks.append(lambda command: erases.append(command.at_ns))
        run(board, "watch_ms(400); flash.ioctl(6, 60); time.sleep_ms(20)")
        run(board, "flash.ioctl(6, 61); watch_ms(500)")
        found = report(board)
        return (
            found,
            expected(changes, 0, found["count"])[0],
            [(ns - sample_0_ns) / NS_PER_MS for ns in erases],
        )

    found, edges, erases_ms = forked(case)
    assert len(erases_ms) == 2
    assert found["lost"] == 0
    assert found["edges"] == edges


def test_an_overrun_is_counted_to_the_sample_and_keeps_the_index(console):
    def case():
        board = console()
        sample_0_ns = start(board, MASK)
        changes = [(1900, 5, 1)]
        play(board, sample_0_ns, changes, 0)
        run(board, "watch_ms(100)")
        run(board, "stall = lambda: (flash.ioctl(6, 60), flash.ioctl(6, 61))")
        run(
            board,
            "m = machine.disable_irq(); c = s.count(); i = isr.work[0]; stall(); "
            "e = s.count(); machine.enable_irq(m); time.sleep_ms(20)",
        )
        lost = run(board, "print(s.lost(), e - i - 496, e - c)")
        run(board, "watch_ms(1100)")
        found = report(board)
        return lost, found, expected(changes, 0, found["count"])[0]

    lost, found, edges = forked(case)
    reported, overwritten, stalled = map(int, lost.split())
    assert 800 <= stalled <= 803
    assert 0 <= reported - overwritten <= 1, "the drain comes a fraction of a millisecond later"
    assert found["edges"] == edges, "sample indices stay the time"


def test_the_second_channel_starts_the_first_again_without_a_gap(console):
    def case():
        board = console("512")
        sample_0_ns = start(board, MASK)
        changes = [(at_ms, 7, at_ms // 500 & 1) for at_ms in range(500, 2500, 500)]
        play(board, sample_0_ns, changes, 0)
        run(board, "watch_ms(2900)")
        found = report(board)
        return found, expected(changes, 0, found["count"])[0], (board.now_ns - sample_0_ns) / NS_PER_MS

    found, edges, elapsed_ms = forked(case)
    assert found["lost"] == 0
    assert found["edges"] == edges
    assert len(edges) == 8
    assert elapsed_ms - 60 < found["count"] <= elapsed_ms + 1


def test_the_index_wraps_at_2_to_the_30_and_the_count_goes_on(console):
    """The place of the wrap is reached by setting the index, which only the ring's period must agree with."""

    def case():
        board = console("512")
        sample_0_ns = start(board, MASK)
        ahead = (1 << 30) - 1024
        run(board, f"m = machine.disable_irq(); isr.work[0] += {ahead}; machine.enable_irq(m); a = s.count()")
        changes = [(1300, 3, 1)]
        play(board, sample_0_ns, changes, 0)
        run(board, "watch_ms(2000)")
        found = report(board)
        elapsed_ms = (board.now_ns - sample_0_ns) / NS_PER_MS
        return found, elapsed_ms + ahead

    found, expected_count = forked(case)
    assert found["edges"] == [[1300 + 24 - 1024, 8, 8, EVIDENCE], [1300 + 239 - 1024, 8, 8, ALARM]]
    assert expected_count - 60 < found["count"] <= expected_count + 1
    assert found["count"] > 1 << 30


def test_a_full_edge_ring_drops_and_counts(console):
    def case():
        board = console()
        sample_0_ns = start(board, MASK)
        changes = [
            (100 + 100 * turn + 3 * step, pin, 1 - turn % 2) for turn in range(12) for step, pin in enumerate(PINS)
        ]
        play(board, sample_0_ns, changes, 0)
        run(board, "time.sleep_ms(1500)")
        found = report(board)
        return found, expected(changes, 0, found["count"])[0]

    found, edges = forked(case)
    assert len(edges) > EDGE_ENTRIES
    assert found["edges"] == edges[:EDGE_ENTRIES]
    assert found["dropped"] == len(edges) - EDGE_ENTRIES


def test_pins_outside_the_mask_are_ignored(console):
    def case():
        board = console()
        sample_0_ns = start(board, 1 << 2)
        play(board, sample_0_ns, [(100, 3, 1), (100, 2, 1)], 0)
        run(board, "watch_ms(500)")
        return report(board)

    assert forked(case)["edges"] == [[124, 4, 4, EVIDENCE], [339, 4, 4, ALARM]]


def test_the_emulator_paces_and_leaps_without_changing_anything(console):
    """Alone the library steps the sampler at every instruction; then by an alarm for each; then with leaps."""
    changes = [(30, 4, 1), (90, 4, 0), (91, 9, 1), (91, 10, 1), (340, 9, 0), (352, 9, 1), (353, 9, 0), (700, 10, 0)]

    def facts(slow_fp, may_leap):
        pio_pace._SLOW_FP = slow_fp
        board = console()
        board.pio_pace.may_leap = may_leap
        sample_0_ns = start(board, MASK)
        play(board, sample_0_ns, changes, 0)
        board.run_until_ns(sample_0_ns + 250 * NS_PER_MS)
        run(board, "watch_ms(600)")
        copy, block = board.mcu.dma.channels[0], board.mcu.pio[0]
        machine = block.machines[0]
        state = (copy._trans_count, copy._write_addr, machine.x, machine.pc, machine.rx_fifo._start, block.irq)
        memory = hashlib.sha256(bytes(board.mcu.sram)).hexdigest()
        return board.pio_pace.leapt_samples, (board.cycles, board.now_ns, state, memory)

    never_fp = 1 << 62
    (none, stepped), (still_none, paced), (leapt, leaping) = (
        forked(lambda case=case: facts(*case)) for case in ((never_fp, True), (0, False), (0, True))
    )
    assert (none, still_none) == (0, 0)
    assert leapt > 500
    assert leaping == paced == stepped
