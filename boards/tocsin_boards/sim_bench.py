"""The simulator's bench board: the board that a virtual gateway believes itself to be.

It has the pins and the flash of a Pico W, so that a site moves there by the name of its board alone.
"""

BOARD = {
    "name": "sim_bench",
    "title": "Simulator bench",
    "port": "unix",
    "pins": tuple(range(23)) + (26, 27, 28),
    "reserved": {},
    "adc": {0: 26, 1: 27, 2: 28},
    "adc_full_mv": 3300,
    "onewire_pin": 22,
    "uart": {"id": 0, "tx": 0, "rx": 1},
    "i2c": {"id": 0, "sda": 4, "scl": 5},
    "flash_bytes": 2 * 1024 * 1024,
    "block_bytes": 4096,
    "filesystem_blocks": 212,
    "journal_sectors": (32, 20, 36),
    "key_sectors": 4,
}
