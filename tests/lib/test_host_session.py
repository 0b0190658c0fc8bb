"""The host's end of the link, without a collector."""

from tocsin import host_messages, host_session, messages
from tocsin.framing import DELIMITER, FrameReader, encode_frame
from tocsin.host_session import HostSession

LINK_KEY = bytes(range(32))
LIB_HASH = bytes(8)


def a_hello(nonce=b"gateway!"):
    return messages.Hello("gallery", bytes(8), LIB_HASH, 1, 0, 5, 0, nonce)


def bodies(data):
    return FrameReader().receive(data)


def opened(nonce=b"gateway!", host_nonce=b"the host"):
    session = HostSession()
    session.welcome(a_hello(nonce), LINK_KEY, LIB_HASH, 3, host_nonce)
    return session, messages.session_key(LINK_KEY, nonce, host_nonce)


def test_events_in_the_order_of_the_frames():
    session = HostSession()
    hello = a_hello().encode(LINK_KEY)
    frames = (
        hello,
        messages.encode_record(bytes(64), None),
        messages.encode_record(bytes(64), bytes(16)),
        messages.encode_time_ask(7),
        b"\x7e1234567890",
        b"\x7f12",
        b"\x6funknown",
    )
    events = session.receive(b"".join([encode_frame(body) for body in frames]))
    assert [event[0] for event in events] == ["hello", "record", "record", "time ask", "ping", "pong"]
    assert events[0][1].name == "gallery" and events[0][2] == hello
    assert events[1][1:] == (bytes(64), None) and events[2][1:] == (bytes(64), bytes(16))
    assert events[3:] == [
        (host_session.TIME_ASK, 7),
        (host_session.PING, b"12345678"),
        (host_session.PONG, b"12"),
    ]
    assert session.damaged_count == 0


def test_malformed_and_damaged_frames_are_counted_and_the_rest_goes_on():
    session = HostSession()
    data = encode_frame(b"\x01short") + encode_frame(b"\x02short") + encode_frame(b"\x03short") + b"\x05\x01\0"
    assert session.receive(data + encode_frame(b"\x7e")) == [(host_session.PING, b"")]
    assert session.damaged_count == 4


def test_gone_is_believed_only_from_the_gateway_of_this_session():
    session, key = opened()
    gone = encode_frame(messages.encode_gone(key, 3, 9))
    assert session.receive(gone) == [(host_session.GONE, 3, 9)]
    assert session.receive(encode_frame(messages.encode_gone(LINK_KEY, 3, 9))) == []
    assert session.damaged_count == 1
    session.welcome(a_hello(b"another!"), LINK_KEY, LIB_HASH, 3, b"new host")
    assert session.receive(gone) == []
    session.who()
    assert session.receive(gone) == [] and session.damaged_count == 3


def test_the_state_of_an_update_is_believed_only_from_the_gateway_of_this_session():
    session, _ = opened()
    state = bytes((messages.UPDATE_STATE, 1)) + (500).to_bytes(4, "little")
    key = messages.update_key(LINK_KEY, b"gateway!")
    sealed = encode_frame(messages.sealed(key, state))
    assert session.update_key() == key
    assert session.receive(sealed) == [(host_session.UPDATE_STATE, 1, 500)]
    for wrong in (state, messages.sealed(LINK_KEY, state), messages.sealed(key, state + b"x")):
        assert session.receive(encode_frame(wrong)) == []
    session.welcome(a_hello(b"another!"), LINK_KEY, LIB_HASH, 3, b"new host")
    assert session.receive(sealed) == []
    sealed = encode_frame(messages.sealed(session.update_key(), state))
    assert session.receive(sealed) == [(host_session.UPDATE_STATE, 1, 500)]
    session.who()
    assert session.receive(sealed) == []
    assert session.damaged_count == 5


def test_frames_of_the_host_mean_nothing_to_it():
    session, key = opened()
    for body in (host_messages.encode_ack(key, 1, 1, 1, 0), b"\x85", b"\x86\x01"):
        assert session.receive(encode_frame(body)) == []


def test_who_begins_with_a_delimiter_and_ends_the_session():
    session, _ = opened()
    assert session.is_up
    assert session.who()[:1] == DELIMITER and bodies(session.who()) == [b"\x85"]
    assert not session.is_up


def test_tagged_frames_are_numbered_from_0_and_rise():
    session = HostSession()
    welcome = bodies(session.welcome(a_hello(), LINK_KEY, LIB_HASH, 3, b"the host"))[0]
    key = messages.session_key(LINK_KEY, b"gateway!", b"the host")
    told = [welcome] + bodies(session.ack(4, 4, 0) + session.time(7, 9) + session.ack(5, 5, 0b110))
    assert [messages.frame_number(body) for body in told] == [0, 1, 2, 3]
    assert all(messages.is_sealed(key, body) for body in told)
    assert messages.decode_welcome(welcome) == (3, LIB_HASH, 3, b"the host")
    assert messages.decode_ack(told[1]) == (4, 4, 0) and messages.decode_ack(told[3]) == (5, 5, 0b110)
    assert messages.decode_time(told[2]) == (7, 9)


def test_new_session_numbers_from_0_again():
    session, _ = opened()
    session.ack(4, 4, 0)
    session.welcome(a_hello(b"another!"), LINK_KEY, LIB_HASH, 3, b"new host")
    assert messages.frame_number(bodies(session.ack(4, 4, 0))[0]) == 1


def test_same_hello_again_gets_the_same_welcome():
    session = HostSession()
    first = session.welcome(a_hello(), LINK_KEY, LIB_HASH, 3, b"the host")
    session.ack(4, 4, 0)
    assert session.is_open_for(a_hello()) and session.welcome_again() == first
    assert messages.frame_number(bodies(session.ack(5, 5, 0))[0]) == 2
    assert not session.is_open_for(a_hello(b"another!"))
    session.who()
    assert not session.is_open_for(a_hello())


def test_command_is_sealed_with_the_link_key():
    session, _ = opened()
    body = bodies(session.command(6, 1, 0))[0]
    assert messages.is_sealed(LINK_KEY, body) and messages.decode_command(body) == (6, 1, 0, b"")


def test_refuse_ends_the_session_and_gives_the_reason():
    session, _ = opened()
    assert bodies(session.refuse(host_messages.REFUSED_WRONG_LINK_KEY)) == [b"\x86\x02"]
    assert not session.is_up


def test_pong_carries_8_bytes_at_most():
    assert bodies(HostSession().pong(b"1234567890")) == [b"\x7f12345678"]
