"""The manifest of an update bundle: read back as it was written, and never half."""

from tocsin.bundle import Manifest, bundle_bytes, decode_manifest, signed_message
from tocsin.bundle_head import FILES_MAX, MAGIC, SIGNATURE_BYTES
from tocsin.errors import UpdateError

FILES = [("tocsin/lms.mpy", 300, bytes(32)), ("tocsin_fw/app.mpy", 5000, bytes(range(32)))]


def a_manifest(files=FILES):
    return Manifest(7, 3, 3, b"libhash!", "pico_w", files)


def refused(data):
    try:
        decode_manifest(data)
    except UpdateError:
        return True
    return False


def test_a_manifest_reads_back():
    data = a_manifest().encode()
    found, length = decode_manifest(data + b"signature and contents")
    assert length == len(data)
    assert vars_of(found) == vars_of(a_manifest())
    assert found.encode() == data


def vars_of(manifest):
    return (
        manifest.version,
        manifest.from_version,
        manifest.wire_version,
        manifest.lib_hash,
        manifest.board,
        manifest.files,
    )


def test_its_bytes_are_those_of_the_page():
    data = Manifest(1, 0, 3, b"libhash!", "x", [("a", 2, b"\x11" * 32)]).encode()
    contents_at = 36 + 1 + 10 + 32 + SIGNATURE_BYTES
    head = MAGIC + b"\x01\0\0\0" + bytes(4) + b"\x03" + b"libhash!" + (contents_at + 2).to_bytes(4, "little")
    assert data[:36] == head + b"\x25\0" + b"\x0a\0" + b"\x01\0" + b"\x01"
    assert data[36:] == b"x" + b"\x01a" + contents_at.to_bytes(4, "little") + b"\x02\0\0\0" + b"\x11" * 32
    assert bundle_bytes(*decode_manifest(data)) == contents_at + 2


def test_a_part_of_one_is_refused():
    data = a_manifest().encode()
    for length in range(len(data)):
        assert refused(data[:length])
    assert refused(b"TOCSINU0" + data[8:])


def test_any_byte_of_its_structure_that_was_changed_is_refused():
    data = a_manifest().encode()
    hashes_at = len(data) - 64
    # Versions, hash and names may be anything: the signature is over them. What holds them together may not.
    for at in list(range(25, 36)) + [42, 57, 58, 61, 65]:
        for bit in (1, 128):
            assert at < hashes_at
            assert refused(data[:at] + bytes((data[at] ^ bit,)) + data[at + 1 :]), at


def test_a_name_that_would_be_found_elsewhere_is_refused():
    twice = [("a", 1, bytes(32)), ("a", 1, bytes(32))]
    inside = [("x\x01a", 1, bytes(32)), ("a", 1, bytes(32))]
    for files in (twice, inside):
        try:
            a_manifest(files).encode()
        except UpdateError:
            continue
        raise AssertionError("no error")


def test_too_many_files_are_refused():
    try:
        a_manifest([FILES[0]] * (FILES_MAX + 1)).encode()
    except UpdateError:
        return
    raise AssertionError("no error")


def test_what_is_signed_depends_on_every_byte_of_the_manifest():
    data = a_manifest().encode()
    assert len({signed_message(data[:at] + b"\xaa" + data[at + 1 :]) for at in range(len(data))}) == len(data)
