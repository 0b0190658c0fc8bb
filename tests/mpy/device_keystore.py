"""The key area: the newest anchor counts, every older one is destroyed, and no cut leaves the gateway without."""

from support_flash import AREAS, K0, KEYS, damage, fresh, keystore, place, provision, put, reopen, slots
from tocsin.anchor import ANCHOR_BYTES, Anchor, first_anchor
from tocsin.slot import BLANK, SLOT_BYTES, SLOTS, WIPED
from tocsin_sim.vm.nor import PowerCutError

KEY_AREA = 3


def _anchor(seq, boot=1):
    return Anchor(seq, boot, 0, 1, bytes([seq % 250 + 1]) * 32, bytes([seq % 250]) * 16, seq)


def _loaded(chip):
    anchor = keystore(chip).load()
    return None if anchor is None else anchor.seq


def _in_use(chip):
    """How many slots hold anything but ones or zeros."""
    return len([slot for slot in slots(chip, KEY_AREA) if slot not in (BLANK, WIPED)])


def _started(chip):
    found = keystore(chip)
    found.load()
    return found


def test_an_area_without_an_anchor_gives_none():
    assert _loaded(fresh()) is None


def test_the_first_anchor_is_the_one_of_provisioning():
    assert keystore(provision()).load().encode() == first_anchor(K0).encode()


def test_only_the_newest_anchor_is_left_each_time():
    chip = provision()
    keys = _started(chip)
    for seq in range(1, 2 * AREAS[KEY_AREA] * SLOTS + 5):
        keys.save(_anchor(seq))
        assert _in_use(chip) == 1
    assert _loaded(chip) == seq


def test_starts_go_on_behind_the_newest():
    chip = provision()
    for seq in range(1, 2 * AREAS[KEY_AREA] * SLOTS):
        _started(chip).save(_anchor(seq))
        assert _in_use(chip) == 1
    assert _loaded(chip) == seq


def test_a_cut_at_any_operation_leaves_an_anchor_and_the_next_save_no_older_one():
    """Every change of the chip, before it and torn in three ways, over a change of sector too."""
    chip = provision()
    keys = _started(chip)
    for seq in range(1, SLOTS - 4):
        keys.save(_anchor(seq))
    for new in range(seq + 1, seq + 8):
        whole = bytes(chip.data)
        cuts = 0
        for torn in (0, 1, 2, 3):
            for operation in range(1, 5):
                reopen(chip, whole)
                if _cut(chip, _anchor(new), operation, torn):
                    cuts += 1
                    assert _loaded(chip) in (new - 1, new)
                    _started(chip).save(_anchor(new + 1))
                    assert _loaded(chip) == new + 1
                    assert _in_use(chip) == 1
        assert cuts >= 8
        reopen(chip, whole)
        _started(chip).save(_anchor(new))


def _cut(chip, anchor, operation, torn):
    """Save `anchor` and cut at a change of the chip; whether it came to that."""
    keys = _started(chip)
    counted = []

    def change(block, offset, data):
        counted.append(block)
        if len(counted) == operation:
            at = block * 4096 + offset
            wanted = b"\xff" * 4096 if data is None else data
            done = len(wanted) * torn // 3
            for i in range(done):
                chip.data[at + i] = wanted[i] if data is None else chip.data[at + i] & wanted[i]
            raise PowerCutError

    chip.before_change = change
    try:
        keys.save(anchor)
    except PowerCutError:
        reopen(chip, bytes(chip.data))
        return True
    chip.before_change = None
    return False


def test_ruins_of_an_erase_in_the_next_sector_do_not_stop_the_anchors():
    chip = provision()
    for seq in range(1, SLOTS):
        _started(chip).save(_anchor(seq))
        at = place(chip, KEY_AREA, 1, 0)
        if _loaded(chip) == seq and bytes(chip.data[at : at + SLOT_BYTES]) == BLANK:
            chip.data[at : at + 4096] = b"\x5a" * 4096
    assert _loaded(chip) == SLOTS - 1 and _in_use(chip) == 1


def test_of_two_anchors_before_the_same_record_the_later_start_counts():
    for first, second in ((3, 4), (4, 3)):
        chip = fresh()
        for slot, boot in ((0, first), (1, second)):
            at = place(chip, KEY_AREA, 0, slot)
            chip.data[at : at + ANCHOR_BYTES] = _anchor(9, boot).encode()
        keys = keystore(chip)
        assert keys.load().boot == 4
        keys.save(_anchor(10, 5))
        assert _loaded(chip) == 10 and _in_use(chip) == 1


def test_a_damaged_anchor_is_none_and_its_remains_are_destroyed():
    chip = provision()
    damage(chip, KEY_AREA, 0, 0, 30)
    keys = keystore(chip)
    assert keys.load() is None
    keys.save(_anchor(3))
    assert _loaded(chip) == 3 and _in_use(chip) == 1


def test_a_slot_that_does_not_take_an_anchor_is_passed_over():
    chip = provision()
    keys = _started(chip)
    chip.dead = [place(chip, KEY_AREA, 0, 3) + 40]
    for seq in range(1, 9):
        keys.save(_anchor(seq))
    assert _loaded(chip) == 8 and _in_use(chip) == 1


def test_a_key_that_cannot_be_destroyed_is_an_error_and_the_new_one_counts():
    chip = provision()
    keys = _started(chip)
    keys.save(_anchor(1))

    def refuse(sector, slot):
        raise OSError(5)

    keys._flash.wipe = refuse
    try:
        keys.save(_anchor(2))
        raise AssertionError("saved")
    except OSError:
        pass
    assert _loaded(chip) == 2 and _in_use(chip) == 2
    _started(chip).save(_anchor(3))
    assert _in_use(chip) == 1


def test_other_keys_are_zeros_when_they_are_missing_or_cut():
    chip = fresh()
    assert keystore(chip).link_key() == bytes(32) and keystore(chip).key_id() == bytes(8)
    put(KEYS + "/link.key", bytes(31))
    put(KEYS + "/key.id", b"x" * 9)
    assert keystore(chip).link_key() == bytes(32) and keystore(chip).key_id() == bytes(8)
    put(KEYS + "/link.key", b"k" * 32)
    put(KEYS + "/key.id", b"i" * 8)
    assert keystore(chip).link_key() == b"k" * 32 and keystore(chip).key_id() == b"i" * 8


def test_an_anchor_fits_its_slot():
    assert ANCHOR_BYTES <= SLOT_BYTES
