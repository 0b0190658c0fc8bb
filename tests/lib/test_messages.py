"""Bodies of frames: what does not fit is refused at both ends, never cut short."""

from tocsin import host_messages, messages
from tocsin.errors import SessionError
from tocsin.record import MAC_BYTES, RECORD_BYTES

KEY = bytes(range(32))


def refused(function, *arguments):
    try:
        function(*arguments)
    except SessionError:
        return True
    return False


def a_hello(**changes):
    fields = {"boot": 1, "oldest_seq": 0, "next_seq": 1, "command_counter": 0}
    fields.update(changes)
    return messages.Hello("gallery", bytes(8), bytes(8), nonce=bytes(8), **fields)


def test_hello_numbers_beyond_32_bits_are_refused():
    for field in ("boot", "oldest_seq", "next_seq", "command_counter"):
        assert not refused(a_hello(**{field: 0xFFFFFFFF}).encode, KEY)
        assert refused(a_hello(**{field: 1 << 32}).encode, KEY)
        assert refused(a_hello(**{field: -1}).encode, KEY)


def test_hello_name_has_the_letters_of_docs_record():
    for name in ("a", "z0-9", "a" * 32):
        hello = a_hello()
        hello.name = name
        assert host_messages.decode_hello(hello.encode(KEY)).name == name
    for name in ("", "a" * 33, "Gallery", "a b", "a\n", "[b]", "\xe4"):
        hello = a_hello()
        hello.name = name
        assert refused(host_messages.decode_hello, hello.encode(KEY)), name


def test_host_numbers_that_do_not_fit_are_refused():
    assert refused(host_messages.encode_welcome, KEY, bytes(8), 1 << 32, bytes(8))
    assert refused(host_messages.encode_ack, KEY, 1 << 32, 0, 0, 0)
    assert refused(host_messages.encode_ack, KEY, 0, -1, 0, 0)
    assert refused(host_messages.encode_ack, KEY, 0, 0, 0, 1 << 32)
    assert refused(host_messages.encode_time, KEY, -1, 0, 0)
    for counter, code, argument in ((1 << 32, 0, 0), (0, 256, 0), (0, -1, 0), (0, 0, 1 << 31), (0, 0, -(1 << 31) - 1)):
        assert refused(host_messages.encode_command, KEY, counter, code, argument)
    assert refused(host_messages.encode_command, KEY, 0, 0, 0, bytes(97))


def test_bodies_of_a_wrong_length_are_refused():
    decoders = (
        (host_messages.decode_time_ask, messages.encode_time_ask(5)),
        (messages.decode_welcome, host_messages.encode_welcome(KEY, bytes(8), 0, bytes(8))),
        (messages.decode_ack, host_messages.encode_ack(KEY, 0, 0, 0, 0)),
        (host_messages.decode_gone, messages.encode_gone(KEY, 0, 0)),
        (messages.decode_time, host_messages.encode_time(KEY, 0, 0, 0)),
        (messages.decode_command, host_messages.encode_command(KEY, 0, 0, 0)),
        (host_messages.decode_record, messages.encode_record(bytes(RECORD_BYTES), bytes(MAC_BYTES))),
    )
    for decode, body in decoders:
        decode(body)
        # A command may carry something more, and its seal tells.
        longer = bytes(97) if decode is messages.decode_command else b"\0"
        for wrong in (body[:-1], body + longer, body[:1]):
            assert refused(decode, wrong), (decode, len(wrong))


def test_seal_covers_every_bit():
    body = host_messages.encode_command(KEY, 6, 1, 0, b"\x01\xff")
    assert messages.is_sealed(KEY, body)
    for bit in range(8 * len(body)):
        forged = bytearray(body)
        forged[bit // 8] ^= 1 << bit % 8
        assert not messages.is_sealed(KEY, bytes(forged)), bit


def test_seal_of_nothing_is_never_right():
    assert not messages.is_sealed(KEY, b"")
    assert not messages.is_sealed(KEY, messages.tag(KEY, b""))


def test_session_key_depends_on_all_three():
    keys = {
        messages.session_key(KEY, bytes(8), bytes(8)),
        messages.session_key(bytes(32), bytes(8), bytes(8)),
        messages.session_key(KEY, b"12345678", bytes(8)),
        messages.session_key(KEY, bytes(8), b"12345678"),
    }
    assert len(keys) == 4
