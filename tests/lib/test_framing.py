"""Frames: what docs/link.md's vectors do not show."""

from tocsin.errors import FrameError
from tocsin.framing import BODY_MAX_BYTES, FrameReader, decode_frame, encode_frame


def test_every_length_and_every_place_of_a_zero_comes_back():
    for length in range(1, BODY_MAX_BYTES + 1):
        for zero_at in (0, length // 2, length - 1):
            body = bytes([0 if at == zero_at else 255 - at % 255 for at in range(length)])
            frame = encode_frame(body)
            assert frame[-1:] == b"\0" and b"\0" not in frame[:-1]
            assert decode_frame(frame[:-1]) == body


def test_body_that_does_not_fit_is_refused():
    for length in (0, BODY_MAX_BYTES + 1):
        try:
            encode_frame(bytes(length))
        except FrameError as error:
            assert "1 to 160" in str(error)
        else:
            raise AssertionError(length)


def test_every_single_changed_bit_is_found():
    frame = encode_frame(b"\x82\0\0\0\1 any body \xff")[:-1]
    for bit in range(len(frame) * 8):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            decode_frame(bytes(damaged))
        except FrameError:
            continue
        raise AssertionError(bit)


def test_reader_keeps_one_frame_at_most_however_much_noise_comes():
    reader = FrameReader()
    for _ in range(1000):
        assert reader.receive(b"\x55" * 1000) == []
        assert len(reader._partial) <= 165
    assert reader.damaged_count == 1
    assert reader.receive(b"\0" + encode_frame(b"x")) == [b"x"]
    assert reader.damaged_count == 1


def test_reader_takes_any_kind_of_bytes():
    frame = encode_frame(b"x")
    assert FrameReader().receive(bytearray(frame)) == [b"x"]


def test_restart_forgets_half_a_frame_and_noise_but_no_count():
    reader = FrameReader()
    reader.receive(b"\x05\x01\0" + b"\x55" * 500)
    reader.restart()
    assert reader.receive(encode_frame(b"x")[:3]) == []
    reader.restart()
    assert reader.receive(encode_frame(b"y")) == [b"y"]
    assert reader.damaged_count == 2
