"""A stranger at the USB port of the emulated Pico W, from its first moment on: nothing he says comes to anything."""

import pytest
from tocsin import event, messages
from tocsin.framing import encode_frame
from tocsin_host import firmware_image, image, image_uf2
from tocsin_sim.bench.usb_judge import complaints
from tocsin_sim.bench.usb_round import config_of, live, secrets_of
from tocsin_sim.emulator.board import NS_PER_MS, EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.tiers import EmulatedTier

PIN = 2
# A write that waits costs half a second for each of its packets, and a word of the gateway has two at most.
LATE_MS = 1500


@pytest.mark.usefixtures("official_image")
def test_hostile_words_read_no_key_change_nothing_and_stop_no_sample():
    tier = EmulatedTier()
    lives = live(tier, "ci", 3_600, 120)
    assert complaints(*lives, tier.late_ms) == []
    told = lives.storm.told
    assert sum(told.words.values()) >= 200
    assert [record.type for record in told.records].count(event.TYPE_ALARM) >= 1


@pytest.mark.usefixtures("official_image")
def test_a_host_that_reads_slowly_does_not_hold_up_an_alarm():
    """It takes a packet just before the board would give up, and asks for more all the time."""
    uf2 = image.gateway_image(firmware_image.load(), config_of("pico_w"), secrets_of("slow"))
    board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), TYPICAL)
    board.pin(PIN, False)
    board.run_for_ms(2000)
    board.usb.packet_every_ms = 490
    moved_ns = 4_000 * NS_PER_MS
    board.pin(PIN, True, moved_ns)
    programmed_ns = []
    board.flash.hooks.append(lambda command: programmed_ns.append(board.now_ns))
    while board.now_ns < moved_ns + 3_000 * NS_PER_MS:
        board.usb.write(encode_frame(bytes((messages.SERVICE_ASK,))) * 40)
        board.run_for_ms(100)
    after_ms = [(at_ns - moved_ns) / NS_PER_MS for at_ns in programmed_ns if at_ns > moved_ns]
    assert after_ms
    assert after_ms[0] < LATE_MS
    assert board.watchdog_resets_ns == []
    board.usb.packet_every_ms = 0
    board.usb.read()
    board.run_until(lambda: b"bench" in board.usb.received, limit_ms=25_000)  # it says hello to a host that reads
