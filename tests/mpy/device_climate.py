"""SHT3x and SHT4x: checksums, conversions, one chip for two zones, and buses that fail."""

from support_virtual import CLOCK, time
from tocsin_fw.climate import Climate, crc8, decode

EAGAIN, EIO, ENODEV, ETIMEDOUT = 11, 5, 19, 110
assert time


def answer(temperature, humidity, spoiled=None):
    """Six bytes of two raw values."""
    data = bytearray()
    for raw in (temperature, humidity):
        word = raw.to_bytes(2, "big")
        data += word + bytes([crc8(word)])
    if spoiled is not None:
        data[spoiled] ^= 1
    return bytes(data)


class Chip:
    """A chip on a bus: what it was told, and what it answers."""

    def __init__(self):
        self.told = []
        self.error = None
        self.data = answer(0x6666, 0x8000)

    def __call__(self, method, *arguments):
        return getattr(self, method)(*arguments)

    def writeto(self, address, data):
        self.told.append((address, bytes(data)))
        if self.error:
            raise OSError(self.error)

    def readfrom(self, address, count):
        if self.error:
            raise OSError(self.error)
        return self.data[:count]


def error_of(climate, sensor):
    try:
        return climate.read(sensor)
    except OSError as error:
        return -error.errno


def test_the_checksum_is_that_of_the_datasheet():
    assert crc8(b"\xbe\xef") == 0x92


def test_both_families_have_their_own_scale_and_humidity_stays_in_its_range():
    assert decode("sht4x", answer(0, 0)) == (-45_000, 0)
    assert decode("sht4x", answer(0xFFFF, 0xFFFF)) == (130_000, 100_000)
    assert decode("sht4x", answer(0x6666, 0x8000)) == (25_000, 56_500)
    assert decode("sht3x", answer(0x6666, 0x8000)) == (25_000, 50_000)


def test_a_damaged_byte_anywhere_is_an_error():
    for at in range(6):
        try:
            decode("sht4x", answer(0x6666, 0x8000, at))
        except OSError as error:
            assert error.errno == EIO
        else:
            raise AssertionError(at)


def test_a_reading_takes_the_last_conversion_and_begins_the_next():
    bus = Chip()
    climate = Climate(bus, ["sht4x-44/t"])
    assert error_of(climate, "sht4x-44/t") == -EAGAIN and bus.told == [(0x44, b"\xfd")]
    CLOCK.now_ms += 10
    assert error_of(climate, "sht4x-44/t") == -EAGAIN and len(bus.told) == 1
    CLOCK.now_ms += 60_000
    assert error_of(climate, "sht4x-44/t") == 25_000 and len(bus.told) == 2


def test_one_conversion_serves_two_zones():
    bus = Chip()
    climate = Climate(bus, ["sht3x-45/t", "sht3x-45/rh"])
    assert error_of(climate, "sht3x-45/t") == -EAGAIN and bus.told == [(0x45, b"\x24\x00")]
    CLOCK.now_ms += 1000
    assert error_of(climate, "sht3x-45/rh") == 50_000
    assert error_of(climate, "sht3x-45/t") == 25_000
    assert len(bus.told) == 2
    bus.data = answer(0, 0)
    CLOCK.now_ms += 60_000
    assert (error_of(climate, "sht3x-45/t"), error_of(climate, "sht3x-45/rh")) == (-45_000, 0)
    assert len(bus.told) == 3


def test_a_chip_that_fails_is_an_error_each_time_and_comes_back():
    for failure in (EIO, ENODEV, ETIMEDOUT):
        bus = Chip()
        climate = Climate(bus, ["sht4x-44/rh"])
        bus.error = failure
        for _ in range(3):
            CLOCK.now_ms += 1000
            assert error_of(climate, "sht4x-44/rh") == -failure
        bus.error = None
        assert error_of(climate, "sht4x-44/rh") == -EAGAIN
        CLOCK.now_ms += 1000
        assert error_of(climate, "sht4x-44/rh") == 56_500


def test_a_damaged_answer_is_not_taken_for_a_reading_later():
    bus = Chip()
    climate = Climate(bus, ["sht4x-44/t"])
    error_of(climate, "sht4x-44/t")
    CLOCK.now_ms += 1000
    bus.data = answer(0x1234, 0, 1)
    assert error_of(climate, "sht4x-44/t") == -EIO
    bus.data = answer(0x6666, 0)
    assert error_of(climate, "sht4x-44/t") == -EAGAIN
    CLOCK.now_ms += 1000
    assert error_of(climate, "sht4x-44/t") == 25_000


def test_two_chips_do_not_mix():
    bus = Chip()
    climate = Climate(bus, ["sht4x-44/t", "sht4x-45/t"])
    assert error_of(climate, "sht4x-44/t") == -EAGAIN
    CLOCK.now_ms += 1000
    assert error_of(climate, "sht4x-45/t") == -EAGAIN
    assert [address for address, _ in bus.told] == [0x44, 0x45]
