"""Boards: every board keeps the schema; the check names the mend; loading one board imports only that one."""

import sys

import tocsin_boards
from tocsin_boards import schema


def _pico_w(**changes):
    board = dict(tocsin_boards.load("pico_w"))
    board.update(changes)
    return board


def test_every_board_keeps_the_schema():
    for name in tocsin_boards.BOARDS:
        board = tocsin_boards.load(name)
        assert schema.validate(board) == [], name
        assert board["name"] == name


def test_pico_w_leaves_the_radio_its_pins():
    board = tocsin_boards.load("pico_w")
    assert len(board["pins"]) == 26
    assert [pin for pin in range(30) if pin not in board["pins"]] == sorted(board["reserved"])


def test_an_unknown_board_names_the_known_ones():
    try:
        tocsin_boards.load("pico")
    except KeyError as error:
        assert "use one of: pico_w, sim_bench" in error.args[0]
    else:
        raise AssertionError("loaded an unknown board")


def test_loading_a_board_imports_no_other():
    for name in tocsin_boards.BOARDS:
        sys.modules.pop("tocsin_boards." + name, None)
    tocsin_boards.load("sim_bench")
    assert "tocsin_boards.sim_bench" in sys.modules
    assert "tocsin_boards.pico_w" not in sys.modules


def test_a_missing_field_is_named():
    board = _pico_w()
    del board["adc"]
    assert schema.validate(board) == ["adc is missing; add it: ADC channel -> GPIO number, among the pins"]


def test_an_unknown_field_is_named():
    assert schema.validate(_pico_w(pinns=())) == ["pinns is unknown; remove it or add it to schema.FIELDS"]


def test_a_pin_both_free_and_reserved_is_named():
    problems = schema.validate(_pico_w(reserved={22: "siren"}))
    assert problems == ["pin 22 is free and reserved (siren); remove one"]


def test_a_pin_named_twice_or_out_of_range_is_named():
    pins = (0, 0) + _pico_w()["pins"][1:] + (30,)
    assert schema.validate(_pico_w(pins=pins)) == [
        "pins are not rising; sort them and name each once",
        "pin 30 is out of range; use 0 to 29",
    ]


def test_an_adc_on_a_pin_that_is_not_free_is_named():
    problems = schema.validate(_pico_w(adc={3: 29}))
    assert problems == ["adc channel 3 is on pin 29, which is not free; name one of the pins"]


def test_reserved_sectors_that_are_too_few_or_too_many_are_named():
    for board in (_pico_w(journal_sectors=(8, 8)), _pico_w(journal_sectors=(8, 1, 8)), _pico_w(key_sectors=1)):
        assert schema.validate(board) == [
            "journal_sectors and key_sectors are too few; give three rings and the keys two each at least"
        ]
    assert schema.validate(_pico_w(journal_sectors=(50, 50, 50))) == [
        "journal_sectors and key_sectors leave too little room for files; keep to half of the blocks"
    ]


def test_a_file_system_larger_than_the_flash_is_named():
    problems = schema.validate(_pico_w(filesystem_blocks=512))
    assert problems == ["filesystem_blocks do not fit the flash; leave room for the firmware"]
