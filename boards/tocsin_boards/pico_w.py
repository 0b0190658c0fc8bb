"""Raspberry Pi Pico W (RP2040, CYW43439 radio, 2 MiB flash).

Sources: Pico W data sheet, section 2.1 (GP23, 24, 25 and 29 belong to the radio; the flash is a W25Q16JV);
RP2040 data sheet, section 4.9 (ADC 0 to 2 on GPIO 26 to 28; ADC 3 shares GP29 with the radio's clock);
MicroPython's board RPI_PICO_W (file system of 848 KiB; defaults of UART 0 and I2C 0).
"""

BOARD = {
    "name": "pico_w",
    "title": "Raspberry Pi Pico W",
    "port": "rp2",
    "pins": tuple(range(23)) + (26, 27, 28),
    "reserved": {
        23: "radio power",
        24: "radio data and interrupt",
        25: "radio chip select",
        29: "radio clock and supply voltage",
    },
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
