"""Every kind of zone at once on the emulated Pico W: what is left of its memory, and no sample lost."""

from tocsin_host import image, image_uf2
from tocsin_host.keys import GatewaySecrets
from tocsin_sim.emulator.board import EmulatedBoard
from tocsin_sim.emulator.flash_model import TYPICAL
from tocsin_sim.emulator.size import HEAP_FREE_LARGEST_MIN_BYTES, largest_site, telling_image

TELL = """
        from tocsin_fw import app
        await asyncio.sleep_ms(5000)
        gc.collect()
        sampler = app.running.hal.sampler
        zones = app.running.guarding.guard.zones
        print("TOLD", gc.mem_free(), sampler.lost(), sampler.ring.dropped, len(zones), len(sampler._buffer), "END")
"""


def test_every_kind_at_once_leaves_room_and_loses_no_sample_while_contacts_move(official_image):
    config = largest_site()
    secrets = GatewaySecrets("house", bytes(32), bytes(32))
    uf2 = telling_image(official_image, config, secrets, TELL)
    board = EmulatedBoard(image_uf2.to_flash(image_uf2.read_uf2(uf2), image.FLASH_BYTES), TYPICAL)
    pins = [zone["pin"] for zone in config["zones"] if zone["type"] == "contact"]
    assert len(pins) >= 15
    said, level = b"", False
    for _ in range(400):
        level = not level
        for pin in pins:
            board.pin(pin, level)
        board.run_for_ms(60)
        said += board.usb.read()
        if b"END" in said:
            break
    free_bytes, lost, dropped, zones, ring_bytes = map(int, said.partition(b"TOLD ")[2].split()[:5])
    print(f"emulated: heap free on the largest site, with {len(pins)} contacts moving: {free_bytes} bytes")
    assert (lost, dropped, zones) == (0, 0, len(config["zones"]))
    assert ring_bytes == 2048, "no room was found at an address that suits the sampler's ring: it took twice as much"
    assert free_bytes >= HEAP_FREE_LARGEST_MIN_BYTES
