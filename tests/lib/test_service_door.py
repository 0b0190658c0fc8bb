"""The door to service mode: opens to the key, once, soon, and to nothing else."""

from tocsin.messages import SERVICE_CHALLENGE, SERVICE_OPEN
from tocsin.service_door import CHALLENGE_MS, ServiceDoor, answer

KEY = bytes(range(32))


class _Random:
    def __init__(self):
        self.calls = 0

    def __call__(self, count):
        self.calls += 1
        return bytes((self.calls,)) * count


def opening(challenge, minutes=30, key=KEY, person=0):
    said = bytes((minutes, person) if person else (minutes,))
    return bytes((SERVICE_OPEN,)) + said + answer(key, challenge, minutes, person)


def knock(now_ms=0):
    door = ServiceDoor(KEY, _Random())
    body = door.challenge(now_ms)
    assert body[0] == SERVICE_CHALLENGE
    return door, body[1:]


def test_answer_is_the_one_of_the_page():
    assert answer(bytes([0x11]) * 32, bytes([0x22]) * 16, 30) == bytes.fromhex("4d8930ee422d2610a9dceea92c77da06")


def test_the_right_key_opens_once_for_the_minutes_it_said():
    door, challenge = knock()
    assert door.judge(opening(challenge), 1000) == 30
    assert door.judge(opening(challenge), 1001) == 0


def test_who_is_named_is_under_the_seal():
    door, challenge = knock()
    assert door.judge(opening(challenge, person=250), 0) == 30 | 250 << 8
    said = opening(challenge, person=7)
    for other in (said[:2] + said[3:], said[:2] + bytes((8,)) + said[3:], said[:2] + bytes(1) + said[3:]):
        door, challenge = knock()
        assert door.judge(other, 0) == 0
    door, challenge = knock()
    assert door.judge(opening(challenge, person=251), 0) == 0
    door, challenge = knock()
    short = opening(challenge)
    assert door.judge(short[:2] + bytes(1) + short[2:], 0) == 0, "nobody is named by leaving it out"
    assert answer(KEY, challenge, 30, 0) == answer(KEY, challenge, 30) != answer(KEY, challenge, 30, 1)


def test_a_wrong_key_other_minutes_or_a_late_answer_open_nothing():
    for minutes in (0, 121, 255):
        door, challenge = knock()
        assert door.judge(opening(challenge, minutes), 0) == 0
    door, challenge = knock()
    assert door.judge(opening(challenge, 30, bytes(32)), 0) == 0
    assert door.judge(opening(challenge), 0) == 0, "one attempt for each challenge"
    door, challenge = knock()
    said = opening(challenge)
    assert door.judge(bytes((SERVICE_OPEN, 31)) + said[2:], 0) == 0
    door, challenge = knock()
    assert door.judge(opening(challenge), CHALLENGE_MS) == 0
    door, challenge = knock()
    for length in range(1, 30):
        if length != 18:
            door, challenge = knock()
            assert door.judge((opening(challenge) + bytes(12))[:length], 0) == 0


def test_a_challenge_said_again_is_another_and_the_one_before_is_worth_nothing():
    door, first = knock()
    second = door.challenge(0)[1:]
    assert first != second
    assert door.judge(opening(first), 0) == 0
    door.challenge(0)
    assert door.judge(opening(second), 0) == 0


def test_nothing_opens_before_a_challenge():
    door = ServiceDoor(KEY, _Random())
    assert door.judge(opening(b""), 0) == 0
    assert door.judge(opening(bytes(16)), 0) == 0
