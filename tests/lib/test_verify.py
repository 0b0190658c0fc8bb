"""Log files and their verifier against the vectors of docs/record.md."""

import json
from binascii import unhexlify

from tocsin.errors import ConfigError, RecordError
from tocsin.record import mac_of
from tocsin.seal import Sealer
from tocsin.tlog import (
    build_log,
    check_name,
    key_file_text,
    pack_gap,
    pack_header,
    parse_key_file,
    unpack_gap,
    unpack_header,
    unpack_trailer,
)
from tocsin.verify import verify_log


def load_vectors():
    with open(__file__.rsplit("/", 2)[0] + "/vectors/record.json") as file:
        return json.loads(file.read())


VECTORS = load_vectors()
K0 = unhexlify(VECTORS["k0"])
NAME = VECTORS["gateway"]


def raises(error_class, function, *arguments):
    try:
        function(*arguments)
    except error_class as error:
        return str(error)
    raise AssertionError("%s expected" % error_class)


def log_named(name):
    return unhexlify(next(log["hex"] for log in VECTORS["logs"] if log["name"] == name))


def records(count):
    sealer = Sealer(K0)
    return [sealer.seal(6, 255, 0, 1, 10000 * seq, 0, 0, 0) for seq in range(count)]


def test_verify_log_vectors_every_finding_and_no_other():
    assert len(VECTORS["logs"]) >= 30
    for log in VECTORS["logs"]:
        report = verify_log(unhexlify(log["hex"]), K0, NAME)
        found = [[position, seq, kind] for position, seq, kind, _ in report.findings]
        assert found == log["findings"], (log["name"], report.findings)


def test_verify_log_no_log_at_all_is_refused():
    for data in VECTORS["no_log"]:
        assert "not a Tocsin log" in raises(RecordError, verify_log, unhexlify(data), K0, NAME)


def test_report_lines_name_record_and_seq():
    lines = verify_log(log_named("deletion"), K0, NAME).lines()
    assert lines[0] == "record 5 (seq 5): gap: records 4 to 4 are missing"
    assert lines[1].startswith("record 5 (seq 5): unproven: ")
    assert lines[2] == "trailer: truncated: the trailer counts 8 entries, the file has 7"
    lines = verify_log(log_named("header changed"), K0, NAME).lines()
    assert lines[0] == "header: damaged: the CRC of the header is wrong"


def test_report_figures_of_a_log_with_a_gap():
    report = verify_log(log_named("gap at the start"), K0, NAME)
    assert (report.gateway, report.entries, report.sealed) == (NAME, 4, 3)
    assert (report.first_seq, report.last_seq) == (5, 7)


def test_report_gap_names_both_numbers():
    report = verify_log(log_named("gap named from 3 to 5"), K0, NAME)
    assert report.findings == [(5, 6, "gap", "records 3 to 5 are missing")]


def test_build_log_gives_the_vectors_bytes():
    clean = log_named("clean")
    entries = [clean[at : at + 64] for at in range(64, len(clean) - 64, 64)]
    assert build_log(K0, NAME, entries) == clean
    holed = entries[:3] + [pack_gap(3, 5, mac_of(entries[5]))] + entries[6:]
    assert build_log(K0, NAME, holed) == log_named("gap named from 3 to 5")
    assert build_log(K0, NAME, []) == log_named("clean, no record yet")


def test_verify_log_two_alterations_both_named():
    entries = records(12)
    whole = build_log(K0, NAME, entries)
    data = bytearray(whole)
    data[64 * 3 + 20] ^= 1
    data[64 * 8 + 30] ^= 1
    kinds = [(position, kind) for position, _, kind, _ in verify_log(bytes(data), K0, NAME).findings]
    assert kinds == [(3, "damaged"), (8, "damaged"), (13, "forged")]


def test_verify_log_bytes_put_in_costs_one_record_only():
    whole = build_log(K0, NAME, records(12))
    report = verify_log(whole[:300] + b"x" + whole[300:], K0, NAME)
    assert report.sealed >= 10
    assert report.findings[0][0] == 4


def test_header_name_and_key_id_survive():
    data = pack_header("store-room-2", b"12345678")
    assert unpack_header(data) == ("store-room-2", b"12345678")
    assert "CRC" in raises(RecordError, unpack_header, data[:20] + b"x" + data[21:])
    assert "TOCSINLG" in raises(RecordError, unpack_header, b"")


def test_header_of_another_version_is_refused_by_number():
    data = bytearray(pack_header(NAME, bytes(8)))
    data[8] = 2
    from tocsin.record import put_crc

    put_crc(data)
    assert "version 2" in raises(RecordError, unpack_header, bytes(data))


def test_check_name_refuses_what_is_no_file_name():
    check_name("a")
    check_name("a" * 32)
    for name in ("", "a" * 33, "Gallery", "a b", "../a", "a\n", "\x1b[31m", "gal\u00e9rie"):
        raises(RecordError, check_name, name)


def test_gap_entry_and_trailer_read_back():
    assert unpack_gap(pack_gap(3, 7, b"m" * 16)) == (3, 7, b"m" * 16)
    raises(RecordError, pack_gap, 7, 3, bytes(16))
    raises(RecordError, pack_gap, 3, 7, bytes(15))
    raises(RecordError, unpack_gap, bytes(64))
    entries = records(2)
    count, seq, mac, seal = unpack_trailer(build_log(K0, NAME, entries)[-64:])
    assert (count, seq, mac, len(seal)) == (2, 1, mac_of(entries[1]), 32)
    raises(RecordError, unpack_trailer, bytes(64))


def test_key_file_reads_back():
    text = key_file_text(NAME, K0)
    assert parse_key_file(text) == (NAME, K0)
    assert json.loads(text)["key_id"] == VECTORS["key_id"]


def test_key_file_unusable_is_refused_with_the_reason():
    good = key_file_text(NAME, K0)
    cases = (
        ("", "no JSON"),
        ("[]", "format"),
        (good.replace("key-1", "key-2"), "format"),
        (good.replace('"k0": "00', '"k0": "01'), "key_id"),
        (good.replace('"k0": "00', '"k0": "0'), "64 hexadecimal"),
        (good.replace('"k0": "00', '"k0": "zz'), "64 hexadecimal"),
        (good.replace('"gallery"', "7"), "gateway"),
        (good.replace('"gallery"', '"../x"'), "gateway name"),
        (good.replace('"k0"', '"k"'), "k0"),
    )
    for text, reason in cases:
        assert reason in raises(ConfigError, parse_key_file, text), reason
