"""Numbers, names and the flags byte of docs/record.md."""

from tocsin import event, event_names
from tocsin.compat import ct_equal
from tocsin.errors import ConfigError, FrameError, JournalError, RecordError, SessionError, TocsinError


def test_flags_every_byte_unpacks_and_packs_to_itself():
    for flags in range(256):
        state, before, quality, test = event.unpack_flags(flags)
        assert event.pack_flags(state, before, quality, test) == flags


def test_flags_layout_is_the_one_of_the_page():
    assert event.pack_flags(event.STATE_FAULT, event.STATE_ALARM, event.QUALITY_HOST_SIGNED, 1) == 0b1_100_01_11


def test_flags_part_out_of_range_is_refused():
    for parts in ((4, 0, 0, 0), (0, 4, 0, 0), (0, 0, 8, 0), (0, 0, 0, 2), (-1, 0, 0, 0)):
        try:
            event.pack_flags(*parts)
        except RecordError:
            continue
        raise AssertionError(parts)


def test_type_name_known_and_unknown_numbers():
    assert event_names.type_name(event.TYPE_TRANSITION) == "transition"
    assert event_names.type_name(event.TYPE_ACTIVITY) == "activity"
    assert event_names.type_name(event.TYPE_TIME_SET) == "time-set"
    assert [event_names.type_name(n) for n in (0, 77, 255)] == ["type-0", "type-77", "type-255"]


def test_what_comes_by_the_clock_is_routine_what_moves_is_evidence_and_all_else_is_security():
    classes = {kind: event.record_class(kind) for kind in range(256)}
    assert [kind for kind in classes if classes[kind] == event.CLASS_ROUTINE] == [6, 18, 21]
    assert [kind for kind in classes if classes[kind] == event.CLASS_EVIDENCE] == [1, 19, 20]
    assert set(classes.values()) == {0, 1, 2} and event.CLASSES == 3


def test_names_have_one_for_each_number():
    assert len(event_names.TYPE_NAMES) == event.TYPE_WARNING + 1
    assert len(set(event_names.TYPE_NAMES)) == len(event_names.TYPE_NAMES)
    assert event_names.STATE_NAMES[event.STATE_TAMPER] == "tamper"
    assert event_names.QUALITY_NAMES[event.QUALITY_HOST_SIGNED] == "host-signed"
    assert event_names.VERDICT_NAMES[event.VERDICT_BAD_ARGUMENT] == "bad argument"


def test_errors_form_one_tree_with_codes():
    for kind in (RecordError, FrameError, SessionError, JournalError, ConfigError):
        assert issubclass(kind, TocsinError)
    assert RecordError("x").code == 100
    assert FrameError("x", 203).code == 203
    assert str(ConfigError("say why")) == "say why"


def test_ct_equal_compares_bytes():
    assert ct_equal(b"", b"")
    assert ct_equal(b"same", b"same")
    assert not ct_equal(b"same", b"sane")
    assert not ct_equal(b"same", b"sam")
