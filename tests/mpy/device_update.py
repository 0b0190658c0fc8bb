"""An update is written, judged and tried as docs/update.md says; a trial is confirmed or undone."""

import os
from binascii import hexlify
from hashlib import sha256

from support_virtual import CLOCK, FakeHal, Tape, asyncio, run_for
from tocsin import lms
from tocsin.bundle import Manifest, signed_message
from tocsin.bundle_head import SIGNATURE_BYTES
from tocsin.messages import UPDATE_BEGIN, UPDATE_DATA, UPDATE_STATE
from tocsin_fw import update
from tocsin_fw.trial import LIMIT_MS, Trial
from tocsin_fw.update import Update

ROOT = "/tmp/tocsin-device-update-" + hexlify(os.urandom(6)).decode()
UPDATE = 14
FILES = [("tocsin/a.mpy", b"first file"), ("tocsin_fw/b.mpy", b"second" * 300)]
KEY = bytes(range(56))
UTC_MS = 1_800_000_000_000


def remove(path):
    try:
        os.stat(path)
    except OSError:
        return
    if os.stat(path)[0] & 0x4000:
        for name in os.listdir(path):
            remove(path + "/" + name)
        os.rmdir(path)
    else:
        os.remove(path)


def write(name, data):
    with open(ROOT + "/" + name, "wb") as file:
        file.write(data)


def read(name):
    with open(ROOT + "/" + name, "rb") as file:
        return file.read()


def bundle(version=6, from_version=0, board="pico_w", files=FILES):
    entries = [(name, len(data), sha256(data).digest()) for name, data in files]
    manifest = Manifest(version, from_version, 3, b"libhash!", board, entries).encode()
    return manifest + bytes(SIGNATURE_BYTES) + b"".join([data for _, data in files])


class Journal:
    next_seq = 10
    acked_seq = 0


def board(slot="a", is_trial=False):
    """A gateway of version 5 in slot a, at rest; its files are new."""
    remove(ROOT)
    for folder in ("", "/slots", "/keys"):
        os.mkdir(ROOT + folder)
    write("slots/a.tocsin", bundle(5))
    write("slots/active", b"a")
    write("keys/update.key", KEY)
    hal = FakeHal(ROOT)
    hal.slot, hal.is_trial, hal.board = slot, is_trial, "pico_w"
    return hal, Tape()


def told(tape):
    return [(record[4], record[5]) for record in tape.records if record[0] == UPDATE]


def send(room, data, size=None, piece=100):
    """The last answer."""
    say = room.take(bytes((UPDATE_BEGIN,)) + (len(data) if size is None else size).to_bytes(4, "little"))
    for at in range(0, len(data), piece):
        say = room.take(bytes((UPDATE_DATA,)) + at.to_bytes(4, "little") + data[at : at + piece])
    assert say[0] == UPDATE_STATE
    return say[1], int.from_bytes(say[2:], "little")


def judged(data, size=None, prepare=None):
    """(status, records) of a bundle whose signature is right if it is that of a bundle made here."""
    hal, tape = board()
    if prepare:
        prepare(hal)
    is_signed = lms.is_signed
    lms.is_signed = lambda key, message, signature: key == KEY and signature == bytes(SIGNATURE_BYTES)
    try:
        status, _ = send(Update(hal, tape), data, size)
    finally:
        lms.is_signed = is_signed
    return status, told(tape), sorted(os.listdir(ROOT + "/slots")), hal


def test_a_right_bundle_is_tried_at_the_restart():
    data = bundle()
    status, records, files, _ = judged(data)
    assert status == update.TAKEN
    assert records == [(0, len(data)), (1, 6)]
    assert files == ["a.tocsin", "active", "b.tocsin", "trial"]
    assert (read("slots/b.tocsin"), read("slots/trial"), read("slots/active")) == (data, b"b", b"a")


def test_what_is_signed_is_the_manifest():
    data = bundle()
    hal, tape = board()
    seen = []
    is_signed = lms.is_signed
    lms.is_signed = lambda key, message, signature: seen.append(message) or True
    try:
        send(Update(hal, tape), data)
    finally:
        lms.is_signed = is_signed
    assert seen == [signed_message(data[: -SIGNATURE_BYTES - sum([len(content) for _, content in FILES])])]


def test_every_other_bundle_is_refused_and_leaves_nothing():
    good = bundle()
    manifest = len(good) - SIGNATURE_BYTES - 1810
    for data, size, why in (
        (b"", 100, update.REFUSED_SIZE),
        (b"", 1 << 24, update.REFUSED_SIZE),
        (good[:manifest] + b"\x01" + good[manifest + 1 :], None, update.REFUSED_SIGNATURE),
        (bundle(5), None, update.REFUSED_VERSION),
        (bundle(4), None, update.REFUSED_VERSION),
        (bundle(7, 6), None, update.REFUSED_VERSION),
        (bundle(board="pico"), None, update.REFUSED_VERSION),
        (b"X" + good[1:], None, update.REFUSED_CONTENTS),
        (good[:-1] + b"x", None, update.REFUSED_CONTENTS),
        (good + b"x", None, update.REFUSED_CONTENTS),
        (good[:29] + b"\xff\xff" + good[31:], None, update.REFUSED_CONTENTS),
    ):
        status, records, files, _ = judged(data, size)
        assert status == why, (why, status)
        assert records[-1] == (4, why)
        assert files == ["a.tocsin", "active"]


def test_a_bundle_that_there_is_no_memory_to_judge_is_refused():
    hal, tape = board()
    is_signed = lms.is_signed

    def no_memory(key, message, signature):
        raise MemoryError

    lms.is_signed = no_memory
    try:
        status, _ = send(Update(hal, tape), bundle())
    finally:
        lms.is_signed = is_signed
    assert status == update.REFUSED_FLASH
    assert (told(tape)[-1], sorted(os.listdir(ROOT + "/slots"))) == ((4, 7), ["a.tocsin", "active"])


def test_a_gateway_without_a_key_or_on_trial_takes_none():
    status, _, _, _ = judged(bundle(), None, lambda hal: os.remove(ROOT + "/keys/update.key"))
    assert status == update.REFUSED_NO_KEY

    def on_trial(hal):
        hal.is_trial = True

    assert judged(bundle(), None, on_trial)[0] == update.REFUSED_ON_TRIAL


def test_pieces_out_of_order_or_too_many_change_nothing():
    hal, tape = board()
    room = Update(hal, tape)
    data = bundle()
    piece = bytes((UPDATE_DATA,)) + bytes(4) + data[:64]
    assert room.take(piece)[1] == update.REFUSED_NOT_BEGUN
    room.take(bytes((UPDATE_BEGIN,)) + len(data).to_bytes(4, "little"))
    for _ in range(3):
        assert room.take(piece) == bytes((UPDATE_STATE, update.RECEIVING, 64, 0, 0, 0))
    assert room.take(bytes((UPDATE_DATA,)) + b"\x80\0\0\0" + data[128:192])[2] == 64
    long = bytes((UPDATE_DATA,)) + b"\x40\0\0\0" + bytes(len(data))
    assert room.take(long)[1] == update.REFUSED_SIZE


def test_a_begin_said_again_before_anything_came_is_one_begin():
    for size, status, is_trial, record in (
        (5000, 0, False, (0, 5000)),
        (9, update.REFUSED_SIZE, False, (4, update.REFUSED_SIZE)),
        (5000, update.REFUSED_ON_TRIAL, True, (4, update.REFUSED_ON_TRIAL)),
    ):
        hal, tape = board("a", is_trial)
        room = Update(hal, tape)
        for _ in range(3):
            answer = room.take(bytes((UPDATE_BEGIN,)) + size.to_bytes(4, "little"))
            assert answer[1:] == bytes((status,)) + bytes(4)
        assert told(tape) == [record]


def test_a_trial_is_confirmed_when_the_host_has_a_record_of_it():
    hal, tape = board("b", True)
    write("slots/b.tocsin", bundle(6))
    write("slots/tried", b"b")
    journal, seen = Journal(), []

    async def host():
        Trial(hal, tape, journal).begin()
        for acked in (0, 10, 11):  # below 11 is what was there before
            journal.acked_seq = acked
            await asyncio.sleep_ms(3000)
            seen.append(told(tape))

    run_for(12_000, host())
    assert seen == [[], [], [(2, 6)]]
    assert (read("slots/active"), hal.is_trial, hal.restarts) == (b"b", False, [])
    assert sorted(os.listdir(ROOT + "/slots")) == ["a.tocsin", "active", "b.tocsin"]


def test_the_time_without_samples_is_told_as_soon_as_the_host_has_told_the_time():
    for slot, is_trial, what in (("b", True, 2), ("a", False, 3)):
        hal, tape = board(slot, is_trial)
        write("slots/b.tocsin", bundle(6))
        write("slots/tried", b"b%d" % (UTC_MS - 1500))
        journal, seen = Journal(), []
        journal.acked_seq = 11

        async def host(hal=hal, tape=tape, journal=journal, seen=seen):
            Trial(hal, tape, journal).begin()
            await asyncio.sleep_ms(3000)
            seen.append(told(tape))
            tape.clock.set(hal.sampler.count(), UTC_MS + hal.sampler.count(), 2)
            await asyncio.sleep_ms(3000)

        run_for(12_000, host())
        assert seen == [[(what, 6)]]
        assert told(tape) == [(what, 6), (5, 1500)]


def test_what_is_written_of_the_last_sample_may_be_nonsense():
    for written in (b"b", b"b0", b"bx1", b"b-5", b""):
        hal, tape = board("a")
        tape.clock.set(hal.sampler.count(), UTC_MS, 2)
        write("slots/tried", written)

        async def start(trial):
            trial.begin()

        run_for(3000, start(Trial(hal, tape, Journal())))
        assert 5 not in [what for what, _ in told(tape)]
        assert "tried" not in os.listdir(ROOT + "/slots")


def test_a_restart_says_when_the_last_sample_was():
    hal, tape = board()
    tape.clock.set(hal.sampler.count(), UTC_MS, 2)
    first_ms = hal.sampler.count()

    async def take():
        room = Update(hal, tape)
        is_signed = lms.is_signed
        lms.is_signed = lambda *_: True
        send(room, bundle())
        lms.is_signed = is_signed

    run_for(5000, take())
    left = int(read("slots/trial")[1:]) - UTC_MS
    assert [at_ms - first_ms for at_ms in hal.restarts] == [left]
    assert update.RESTART_AFTER_MS <= left < update.RESTART_AFTER_MS + 100


def test_a_trial_without_a_host_or_with_lost_samples_is_over():
    for acked, lost in ((0, 0), (99, 1)):
        hal, tape = board("b", True)
        write("slots/tried", b"b")
        hal.sampler.lost = lambda lost=lost: lost
        journal = Journal()
        journal.acked_seq = acked
        begun_ms = CLOCK.now_ms

        async def start(trial):
            trial.begin()

        run_for(LIMIT_MS + 5000, start(Trial(hal, tape, journal)))
        assert [LIMIT_MS <= at_ms - begun_ms <= LIMIT_MS + 2000 for at_ms in hal.restarts] == [True]
        assert (told(tape), read("slots/active")) == ([], b"a")


def test_the_firmware_before_tells_that_it_is_back():
    hal, tape = board("a")
    write("slots/b.tocsin", bundle(6))
    write("slots/tried", b"b")
    Trial(hal, tape, Journal()).begin()
    assert told(tape) == [(3, 6)]
    assert "tried" not in os.listdir(ROOT + "/slots")
    hal, tape = board("a")
    write("slots/tried", b"a")  # the power was cut between the two steps of a confirmation
    Trial(hal, tape, Journal()).begin()
    assert told(tape) == []
    remove(ROOT)
