"""What every board says of itself, and the check that it says it rightly.

Role in the flow: none; read when a board is added and in tests.
Shared: gateway and host.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# (field, type, what it is)
FIELDS = (
    ("name", str, "name of the board and of its module"),
    ("title", str, "name a person knows it by"),
    ("port", str, "MicroPython port: rp2 or unix"),
    ("pins", tuple, "GPIO numbers free for contacts, rising"),
    ("reserved", dict, "GPIO number -> what the board itself uses it for"),
    ("adc", dict, "ADC channel -> GPIO number, among the pins"),
    ("adc_full_mv", int, "voltage in mV that the ADC reads as full scale"),
    ("onewire_pin", int, "GPIO number of the one-wire bus, among the pins"),
    ("uart", dict, "defaults of the second link: id, tx, rx"),
    ("i2c", dict, "defaults of the sensor bus: id, sda, scl"),
    ("flash_bytes", int, "size of the flash chip"),
    ("block_bytes", int, "size of the smallest part that can be erased"),
    ("filesystem_blocks", int, "blocks that the stock image gives its file system"),
    ("journal_sectors", tuple, "blocks of it for each ring of the journal: security, evidence, routine"),
    ("key_sectors", int, "blocks of it for the keys"),
)
# The sampler reads one word a millisecond; debounce and boot records carry bits 0 to 29.
HIGHEST_PIN = 29
PORTS = ("rp2", "unix")
# A ring erases one sector while others hold its records; keys move to another sector before theirs is erased.
SECTORS_MIN = 2


def validate(board: "dict[str, Any]") -> "list[str]":
    """What is wrong with a board's facts, each naming the mend; empty when nothing is."""
    problems = _field_problems(board)
    return problems or _pin_problems(board) + _flash_problems(board)


def _field_problems(board: "dict[str, Any]") -> "list[str]":
    problems = []
    for field, kind, meaning in FIELDS:
        if field not in board:
            problems.append("%s is missing; add it: %s" % (field, meaning))
        elif not isinstance(board[field], kind):
            problems.append("%s is no %s; make it one: %s" % (field, kind.__name__, meaning))
    known = [field for field, _, _ in FIELDS]
    problems += ["%s is unknown; remove it or add it to schema.FIELDS" % f for f in board if f not in known]
    if not problems and board["port"] not in PORTS:
        problems.append("port is %r; use one of: %s" % (board["port"], ", ".join(PORTS)))
    return problems


def _pin_problems(board: "dict[str, Any]") -> "list[str]":
    pins, reserved, adc, uart, i2c = (board[f] for f in ("pins", "reserved", "adc", "uart", "i2c"))
    problems = []
    if list(pins) != sorted(set(pins)):
        problems.append("pins are not rising; sort them and name each once")
    for pin in list(pins) + list(reserved):
        if not 0 <= pin <= HIGHEST_PIN:
            problems.append("pin %r is out of range; use 0 to %d" % (pin, HIGHEST_PIN))
    for pin in pins:
        if pin in reserved:
            problems.append("pin %d is free and reserved (%s); remove one" % (pin, reserved[pin]))
    uses = [("adc channel %r" % channel, pin) for channel, pin in adc.items()]
    uses += [("onewire_pin", board["onewire_pin"]), ("uart tx", uart.get("tx")), ("uart rx", uart.get("rx"))]
    uses += [("i2c sda", i2c.get("sda")), ("i2c scl", i2c.get("scl"))]
    for use, pin in uses:
        if pin not in pins:
            problems.append("%s is on pin %r, which is not free; name one of the pins" % (use, pin))
    return problems


def _flash_problems(board: "dict[str, Any]") -> "list[str]":
    flash_bytes, block_bytes = board["flash_bytes"], board["block_bytes"]
    blocks, full_mv = board["filesystem_blocks"], board["adc_full_mv"]
    problems = []
    if block_bytes <= 0 or flash_bytes <= 0 or flash_bytes % block_bytes:
        problems.append("flash_bytes is no multiple of block_bytes; read both from the flash chip's data sheet")
    elif not 0 < blocks * block_bytes < flash_bytes:
        problems.append("filesystem_blocks do not fit the flash; leave room for the firmware")
    reserved = board["journal_sectors"] + (board["key_sectors"],)
    if len(reserved) != 4 or min(reserved) < SECTORS_MIN:
        problems.append("journal_sectors and key_sectors are too few; give three rings and the keys two each at least")
    elif sum(reserved) > blocks // 2:
        problems.append("journal_sectors and key_sectors leave too little room for files; keep to half of the blocks")
    if full_mv <= 0:
        problems.append("adc_full_mv is not positive; name the ADC's reference voltage in mV")
    return problems
