"""Make record.json: examples of docs/record.md, sound and unsound.

Written from the page alone, with the standard library's hmac, struct and zlib and nothing of Tocsin: the
vectors are a second opinion, not an echo.
"""

import hashlib
import hmac
import json
import struct
import zlib
from pathlib import Path

K0 = bytes(range(32))
OTHER_K0 = bytes(range(100, 132))
NAME = "gallery"
FIELDS = ("type", "source", "flags", "seq", "boot", "uptime_ms", "utc_ms", "value", "count")
NO_MAC = bytes(16)


def key(k0, seq):
    """K_seq."""
    for _ in range(seq):
        k0 = hashlib.sha256(b"\x01" + k0).digest()
    return k0


def with_crc(block):
    """A block with the CRC of its first 60 bytes at its end."""
    return block[:60] + struct.pack("<I", zlib.crc32(block[:60]))


def seal(head, sealing_key, previous):
    """A record of its first 36 bytes."""
    mac = hmac.digest(sealing_key, head + previous, "sha256")[:16]
    return with_crc(head + mac + bytes(12))


def head(*fields):
    """The 36 bytes of the fields in the order of FIELDS."""
    return struct.pack("<BBBBIIQQiI", 0xA5, *fields)


def chain(k0=K0, first=0, last=8, previous=NO_MAC, what=6):
    """Records first to last-1: a boot record, then heartbeats."""
    records = []
    for seq in range(first, last):
        kind = what if seq else 7
        fields = (kind, 255, 0x20 if seq else 0, seq, 1, 250 + 10_000 * seq, 0, 24_500 if seq else 1, 0)
        records.append(seal(head(*fields), key(k0, seq), previous))
        previous = mac_of(records[-1])
    return records


def mac_of(block):
    """The mac that a record or gap entry carries."""
    return block[36:52]


def header(k0=K0, name=NAME):
    """The header of a log."""
    key_id = hashlib.sha256(b"tocsin key id" + k0).digest()[:8]
    return with_crc(b"TOCSINLG" + bytes((1, len(name))) + name.encode().ljust(32, b"\0") + key_id + bytes(14))


def gap(first, last, mac):
    """A gap entry."""
    return with_crc(struct.pack("<B3xII24x", 0xA6, first, last) + mac + bytes(12))


def trailer(entries, k0=K0, name=NAME):
    """The trailer that belongs to these entries."""
    seq, mac = 0xFFFFFFFF, NO_MAC
    if entries:
        seq, mac = struct.unpack_from("<I", entries[-1], 4)[0], mac_of(entries[-1])
    start = b"TOCSINEN" + struct.pack("<II", len(entries), seq) + mac
    body = header(k0, name) + hashlib.sha256(b"".join(entries)).digest() + start
    return start + hmac.digest(hashlib.sha256(b"tocsin export" + k0).digest(), body, "sha256")


def log(entries, sealed_entries=None, k0=K0, name=NAME):
    """A file of these entries with the trailer of `sealed_entries`."""
    end = trailer(entries if sealed_entries is None else sealed_entries, k0, name)
    return header(k0, name) + b"".join(entries) + end


def changed(block, at, mask=0x10, mend_crc=False):
    """A block with one bit flipped; with `mend_crc` a forger's, without it an accident's."""
    block = block[:at] + bytes((block[at] ^ mask,)) + block[at + 1 :]
    return with_crc(block) if mend_crc else block


def sound_logs():
    """Logs without forgery: (name, bytes, findings)."""
    whole = chain()
    holed = [*whole[:3], gap(3, 5, mac_of(whole[5])), *whole[6:]]
    late = [gap(0, 4, mac_of(whole[4])), *whole[5:]]
    return [
        ("clean", log(whole), []),
        ("clean, no record yet", log([]), []),
        ("gap named from 3 to 5", log(holed), [[5, 6, "gap"]]),
        ("gap at the start", log(late), [[2, 5, "gap"]]),
    ]


def altered_logs():
    """One alteration each of a clean log of eight records."""
    whole = chain()
    end = [9, -1, "forged"]  # the trailer's seal covers all entries, so it always tells too

    damaged, forged, far_end = [5, -1, "damaged"], [5, 4, "forged"], [10, -1, "forged"]
    useless_gap = gap(4, 4, mac_of(whole[4]))

    def put(at, *blocks):
        return log([*whole[:at], *blocks, *whole[at + 1 :]], whole)

    return [
        ("bit flip in the value", put(4, changed(whole[4], 28)), [damaged, end]),
        ("bit flip in the mac", put(4, changed(whole[4], 40)), [damaged, end]),
        ("value forged, CRC mended", put(4, changed(whole[4], 28, mend_crc=True)), [forged, end]),
        ("mac forged, CRC mended", put(4, changed(whole[4], 40, mend_crc=True)), [forged, end]),
        ("reserved byte used, CRC mended", put(4, changed(whole[4], 55, mend_crc=True)), [damaged, end]),
        (
            "insertion of another gateway's record",
            put(4, whole[4], chain(OTHER_K0)[5]),
            [[6, 5, "forged"], [10, -1, "forged"]],
        ),
        ("deletion", put(4), [[5, 5, "gap"], [5, 5, "unproven"], [8, -1, "truncated"]]),
        ("replay", put(5, whole[5], whole[2]), [[7, 2, "replay"], [10, -1, "forged"]]),
        ("reorder", log([*whole[:4], whole[5], whole[4], *whole[6:]], whole), [[6, 4, "reorder"], end]),
        ("header changed", changed(header(), 12) + log(whole)[64:], [[0, -1, "damaged"], end]),
        ("gap entry that hides nothing", put(4, useless_gap, whole[4]), [[5, -1, "forged"], far_end]),
    ]


def cut_logs():
    """Logs whose end is not their end."""
    whole = chain()
    full = log(whole)
    return [
        ("half a record at the end", full[: 64 * 6 + 31], [[6, -1, "truncated"], [7, -1, "truncated"]]),
        ("trailer cut off", full[:-64], [[9, -1, "truncated"]]),
        ("trailer cut in half", full[:-32], [[9, -1, "truncated"]]),
        ("only a header", full[:64], [[1, -1, "truncated"]]),
        ("five bytes of it", full[:5], [[0, -1, "damaged"], [1, -1, "truncated"]]),
        ("nothing", b"", [[0, -1, "damaged"], [1, -1, "truncated"]]),
        ("last records removed", log(whole[:5], whole), [[6, -1, "truncated"]]),
        (
            "last records removed, trailer of one's own (CVE-2023-31438)",
            header() + b"".join(whole[:5]) + trailer(whole[:5], OTHER_K0),
            [[6, -1, "forged"]],
        ),
        (
            "quiet stretch cut out (CVE-2023-31438)",
            log([*whole[:3], *whole[6:]], whole),
            [[4, 6, "gap"], [4, 6, "unproven"], [6, -1, "truncated"]],
        ),
    ]


def thieves_logs():
    """What someone makes who holds a later key, or none."""
    whole = chain()
    stolen = key(K0, 6)
    resealed = seal(changed(whole[3], 28)[:36], stolen, mac_of(whole[2]))
    clone = chain(first=6, previous=mac_of(whole[5]), what=2)
    unsealed = [with_crc(record[:36] + bytes(28)) for record in whole]
    return [
        (
            "old record sealed again with a later key (CVE-2023-31439)",
            log([*whole[:3], resealed, *whole[4:]], whole),
            [[4, 3, "forged"], [5, 4, "unproven"], [9, -1, "forged"]],
        ),
        (
            "fork: a clone went on from the same key",
            log([*whole, *clone], whole),
            [[9, 6, "fork"], [10, 7, "fork"], [11, -1, "forged"]],
        ),
        (
            "not sealed at all (systemd issue 15425)",
            header() + b"".join(unsealed) + trailer(unsealed)[:32] + bytes(32),
            [[1, 0, "forged"], *([n + 1, n, "unproven"] for n in range(1, 8)), [9, -1, "forged"]],
        ),
        (
            "entries of two gateways exchanged",
            log([*whole[:4], chain(OTHER_K0, what=4)[4], *whole[5:]], whole),
            [[5, 4, "forged"], [6, 5, "unproven"], [9, -1, "forged"]],
        ),
        ("another gateway's log", log([], k0=OTHER_K0, name="storeroom"), [[0, -1, "wrong key"]]),
        ("same name, another key", log(chain(OTHER_K0), k0=OTHER_K0), [[0, -1, "wrong key"]]),
        (
            "a number out of all reach",
            log([*whole, seal(head(6, 255, 0, 0xFFFFFFFE, 1, 0, 0, 0, 0), K0, NO_MAC)], whole),
            [[9, 0xFFFFFFFE, "gap"], [9, 0xFFFFFFFE, "unproven"], [10, -1, "forged"]],
        ),
    ]  # fmt: skip


def record_vectors():
    """Records with their fields; the limits of every field are among them."""
    fields = [
        (7, 255, 0, 0, 1, 250, 0, 1, 0),
        (2, 1, 0x21, 1, 1, 12_345, 1_795_385_244_776, 0, 0),
        (18, 250, 0xC9, 2, 0xFFFFFFFF, 2**64 - 1, 2**64 - 1, -(2**31), 2**32 - 1),
        (5, 7, 0x13, 3, 2, 2**32, 2**31, 2**31 - 1, 1),
        (255, 255, 0xFF, 4, 3, 0, 0, -1, 0),
    ]
    previous, vectors = NO_MAC, []
    for values in fields:
        data = seal(head(*values), key(K0, values[3]), previous)
        vectors.append(dict(zip(FIELDS, values, strict=True)) | {"previous_mac": previous.hex(), "hex": data.hex()})
        previous = mac_of(data)
    return vectors


def refused_fields():
    """(field, value) pairs that no writer may write."""
    wide = {"type": 255, "flags": 255, "seq": 0xFFFFFFFE, "boot": 2**32 - 1, "uptime_ms": 2**64 - 1}
    wide |= {"utc_ms": 2**64 - 1, "value": 2**31 - 1, "count": 2**32 - 1}
    low = {"type": 1, "source": 1, "flags": 0, "seq": 0, "boot": 1, "uptime_ms": 0, "utc_ms": 0, "count": 0}
    pairs = [[name, limit + 1] for name, limit in wide.items()]
    pairs += [[name, limit - 1] for name, limit in low.items()]
    return [*pairs, ["value", -(2**31) - 1], ["source", 251], ["source", 254], ["source", 256]]


def main():
    """Write record.json beside this file."""
    logs = sound_logs() + altered_logs() + cut_logs() + thieves_logs()
    vectors = {
        "source": "made by make_record.py from docs/record.md",
        "gateway": NAME,
        "k0": K0.hex(),
        "key_id": header()[42:50].hex(),
        "keys": {str(seq): key(K0, seq).hex() for seq in (0, 1, 2, 1000)},
        "records": record_vectors(),
        "refused": refused_fields(),
        "logs": [{"name": name, "hex": data.hex(), "findings": found} for name, data, found in logs],
        "no_log": [b"Tocsin".hex(), bytes(128).hex(), b"".join(chain()).hex()],
    }
    path = Path(__file__).with_name("record.json")
    path.write_text(json.dumps(vectors, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
