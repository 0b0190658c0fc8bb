"""A new roster, order by order: the old one holds until all of the new one is there, whatever happens meanwhile."""

from binascii import crc32
from struct import pack

from support_flash import STORAGE, provision, put, reopen
from support_virtual import Tape
from tocsin.command import ROSTER_BEGIN, ROSTER_COMMIT, ROSTER_ENTRY
from tocsin_fw.roster_orders import RosterOrders

DONE, BAD_ARGUMENT, REFUSED = 0, 4, 5
CONFIG = 13


def a_table(people):
    """A table of so many people without limits."""
    body = b"TR" + pack("<BH", 1, people) + b"saltsalt"
    for person in range(people):
        body += pack("<BB", person + 1, 2) + b"%08d" % person + pack("<HHBHH", 0, 0xFFFF, 127, 0, 1440)
    return body + pack("<I", crc32(body))


OLD, NEW = a_table(2), a_table(9)


def signed(version):
    return version - (1 << 32) if version >> 31 else version


def version_of(table):
    return int.from_bytes(table[-4:], "little")


class _Bench:
    """A gateway with the old roster."""

    def __init__(self):
        self.chip = provision()
        put(STORAGE + "/roster", OLD)
        self.restart()

    def restart(self):
        self.tape = Tape()
        self.orders = RosterOrders(STORAGE, self.tape)

    def push(self, table, version=None, leave_out=-1):
        """Verdicts of all orders but one."""
        verdicts = [self.orders.take(ROSTER_BEGIN, len(table), b"")]
        for at in range(0, len(table), 96):
            if at != leave_out:
                verdicts.append(self.orders.take(ROSTER_ENTRY, at, table[at : at + 96]))
        version = version_of(table) if version is None else version
        return verdicts + [self.orders.take(ROSTER_COMMIT, signed(version), b"")]

    def holds(self):
        with open(STORAGE + "/roster", "rb") as file:
            return file.read()

    def told(self):
        return [(kind, value, count) for kind, _, _, _, value, count, _ in self.tape.records]


def test_a_whole_roster_takes_the_place_of_the_old_one():
    bench = _Bench()
    assert bench.push(NEW) == [DONE] * 4
    assert bench.holds() == NEW and bench.told() == [(CONFIG, 1, version_of(NEW))]
    assert bench.push(OLD) == [DONE] * 3 and bench.holds() == OLD


def test_pieces_may_come_in_any_order_and_twice():
    bench = _Bench()
    bench.orders.take(ROSTER_BEGIN, len(NEW), b"")
    for at in (96, 0, 96):
        assert bench.orders.take(ROSTER_ENTRY, at, NEW[at : at + 96]) == DONE
    assert bench.orders.take(ROSTER_COMMIT, signed(version_of(NEW)), b"") == DONE
    assert bench.holds() == NEW


def test_a_piece_that_was_lost_or_another_version_leaves_the_old_one():
    bench = _Bench()
    assert bench.push(NEW, leave_out=96)[-1] == REFUSED and bench.holds() == OLD
    assert bench.push(NEW, version=version_of(OLD))[-1] == REFUSED and bench.holds() == OLD
    assert bench.told() == []
    assert bench.push(NEW)[-1] == DONE and bench.holds() == NEW


def test_what_is_no_table_is_refused_though_its_version_is_right():
    bench = _Bench()
    body = b"XX" + NEW[2:-4]
    wrong = body + pack("<I", crc32(body))
    assert bench.push(wrong)[-1] == REFUSED and bench.holds() == OLD


def test_too_large_a_roster_is_refused_before_it_comes():
    bench = _Bench()
    for size in (0, -1, 8193, 1 << 30):
        assert bench.orders.take(ROSTER_BEGIN, size, b"") == REFUSED, size
        assert bench.orders.take(ROSTER_ENTRY, 0, b"x") == REFUSED
    assert bench.orders.take(ROSTER_BEGIN, 8192, b"") == DONE
    assert bench.holds() == OLD


def test_a_piece_beyond_the_end_is_refused():
    bench = _Bench()
    bench.orders.take(ROSTER_BEGIN, 10, b"")
    for at, piece in ((-1, b"x"), (10, b"x"), (5, b"123456"), (1 << 30, b"x")):
        assert bench.orders.take(ROSTER_ENTRY, at, piece) == BAD_ARGUMENT


def test_a_restart_forgets_what_had_come():
    bench = _Bench()
    bench.orders.take(ROSTER_BEGIN, len(NEW), b"")
    bench.orders.take(ROSTER_ENTRY, 0, NEW[:96])
    bench.restart()
    assert bench.orders.take(ROSTER_ENTRY, 96, NEW[96:]) == REFUSED
    assert bench.orders.take(ROSTER_COMMIT, signed(version_of(NEW)), b"") == REFUSED
    assert bench.holds() == OLD


class _Cut:
    """The flash as it is before change `at`, counted from now."""

    def __init__(self, chip, at):
        self.data = None
        self._left = at
        self._chip = chip
        chip.before_change = self._before

    def _before(self, *_):
        if self._left == 0:
            self.data = bytes(self._chip.data)
        self._left -= 1


def test_a_power_cut_anywhere_leaves_the_old_roster_or_the_new_one():
    seen = set()
    for at in range(1000):
        bench = _Bench()
        cut = _Cut(bench.chip, at)
        bench.push(NEW)
        if cut.data is None:
            assert at > 1 and OLD in seen and seen <= {OLD, NEW} and bench.holds() == NEW
            return
        reopen(bench.chip, cut.data)
        seen.add(bench.holds())
        bench.restart()
        assert bench.push(NEW)[-1] == DONE and bench.holds() == NEW, at
    raise AssertionError("no end")
