"""The map of the reserved blocks: its bytes, and that nothing else passes for one."""

from binascii import crc32

from tocsin.errors import ConfigError
from tocsin.flash_map import decode_map, encode_map, sector_file

AREAS = [[3, 4, 500], [7], [], [9, 8]]


def _refused(data):
    try:
        decode_map(data)
    except (ConfigError, IndexError):
        return True
    return False


def test_comes_back_whole():
    assert decode_map(encode_map(AREAS)) == AREAS and decode_map(encode_map([])) == []


def test_bytes_are_those_of_the_layout():
    body = b"TOCSINF1\x04\x03\x01\x00\x02" + b"\x03\x00\x04\x00\xf4\x01\x07\x00\x09\x00\x08\x00"
    assert encode_map(AREAS) == body + crc32(body).to_bytes(4, "little")


def test_a_cut_or_changed_map_is_refused():
    data = encode_map(AREAS)
    for length in range(len(data)):
        assert _refused(data[:length]), length
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        assert _refused(bytes(changed)), bit


def test_files_are_numbered_through_all_areas():
    assert (sector_file(0), sector_file(91)) == ("/flash/000", "/flash/091")
