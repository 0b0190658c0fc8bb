"""Make checkpoint.json: examples of docs/checkpoint.md, sound and unsound.

Written from the page, RFC 9162 and C2SP's pages alone, with the standard library and a foreign Ed25519, and nothing of
Tocsin: the vectors are a second opinion, not an echo.
"""

import hashlib
import hmac
import json
import struct
import zlib
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

# The test tree of RFC 6962's reference implementation, and its published roots for 0 to 8 leaves.
RFC_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
RFC_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# The example of Go's package note, from which C2SP's signed-note comes.
GO_NOTE = {
    "skey": "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
    "vkey": "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "text": "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
    "note": "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    "\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
}
ORIGIN = "museum.example/tocsin"
SECRET = bytes(range(64, 96))
OTHER_SECRET = bytes(range(96, 128))


def h(data):
    return hashlib.sha256(data).digest()


def root(leaves):
    """MTH of RFC 9162 section 2.1.1, over leaf hashes."""
    if not leaves:
        return h(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return h(b"\x01" + root(leaves[:k]) + root(leaves[k:]))


def split(n):
    """The largest power of two smaller than n."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def consistency(m, leaves, whole=True):
    """SUBPROOF of RFC 9162 section 2.1.4.1."""
    n = len(leaves)
    if m == n:
        return [] if whole else [root(leaves)]
    k = split(n)
    if m <= k:
        return [*consistency(m, leaves[:k], whole), root(leaves[k:])]
    return [*consistency(m - k, leaves[k:], False), root(leaves[:k])]


def batch(leaves, wanted):
    """The proof of docs/checkpoint.md: hashes of the largest subtrees in which nothing is wanted, from the left."""
    if not any(wanted):
        return [root(leaves)]
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    return batch(leaves[:k], wanted[:k]) + batch(leaves[k:], wanted[k:])


def public(secret):
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()


def key_id(name, secret):
    return h(name.encode() + b"\n\x01" + public(secret))[:4]


def vkey(name, secret):
    key = b64encode(b"\x01" + public(secret)).decode()
    return f"{name}+{key_id(name, secret).hex()}+{key}"


def sign(text, name=ORIGIN, secret=SECRET):
    signature = Ed25519PrivateKey.from_private_bytes(secret).sign(text.encode())
    return f"{text}\n— {name} {b64encode(key_id(name, secret) + signature).decode()}\n"


def checkpoint(leaves, origin=ORIGIN, **by):
    return sign(f"{origin}\n{len(leaves)}\n{b64encode(root(leaves)).decode()}\n", **by)


def with_crc(block):
    return block[:60] + struct.pack("<I", zlib.crc32(block[:60]))


def chain(k0, count):
    """Sealed heartbeats 0 to count-1 of docs/record.md."""
    key, mac, records = k0, bytes(16), []
    for seq in range(count):
        head = struct.pack("<BBBBIIQQiI", 0xA5, 6, 255, 0x20, seq, 1, 250 + 10_000 * seq, 0, 24_500, 0)
        mac = hmac.digest(key, head + mac, "sha256")[:16]
        records.append(with_crc(head + mac + bytes(12)))
        key = h(b"\x01" + key)
    return records


def log(k0, name, entries):
    """A .tlog of docs/record.md."""
    header = b"TOCSINLG\x01" + bytes((len(name),)) + name.encode().ljust(32, b"\0")
    header = with_crc(header + h(b"tocsin key id" + k0)[:8] + bytes(14))
    body = b"".join(entries)
    last = entries[-1]
    tail = b"TOCSINEN" + struct.pack("<I", len(entries)) + last[4:8] + last[36:52]
    return header + body + tail + hmac.digest(h(b"tocsin export" + k0), header + h(body) + tail, "sha256")


def gap(first, last, mac):
    return with_crc(struct.pack("<B3xII24x16s12x", 0xA6, first, last, mac))


def leaf_data(name, received, prev_mac, record):
    head = b"TOCSINRW\x01" + bytes((len(name),)) + name.encode().ljust(32, b"\0")
    has_mac = b"\x00" if prev_mac is None else b"\x01"
    return head + struct.pack("<q", received) + has_mac + (prev_mac or bytes(16)) + record


def proof(name, rows, hashes, note):
    """An inclusion proof file: rows are (seq, leaf, received, prev_mac)."""
    lines = ["tocsin-inclusion-1", name, str(len(rows))]
    lines += [f"{seq} {leaf} {received} {mac.hex() if mac else '-'}" for seq, leaf, received, mac in rows]
    lines += [str(len(hashes)), *(b64encode(one).decode() for one in hashes)]
    return "\n".join(lines) + "\n\n" + note


def main():
    """Write the file."""
    rfc = [h(b"\x00" + bytes.fromhex(leaf)) for leaf in RFC_LEAVES]
    assert [root(rfc[:n]).hex() for n in range(9)] == RFC_ROOTS
    pairs = [(m, n) for n in range(1, 9) for m in range(1, n + 1)]
    picks = [[0], [7], [2, 3], [0, 6], [1, 3, 5, 7], list(range(8)), [4, 5, 6]]
    out = {
        "tree": {
            "leaves": RFC_LEAVES,
            "roots": RFC_ROOTS,
            "consistency": [{"old": m, "new": n, "proof": hexes(consistency(m, rfc[:n]))} for m, n in pairs],
            "batch": [
                {"size": n, "leaves": [p for p in pick if p < n], "proof": hexes(batch(rfc[:n], flags(pick, n)))}
                for pick in picks
                for n in (6, 7, 8)
            ],
        },
        "note": GO_NOTE,
        **logs(),
    }
    path = Path(__file__).with_name("checkpoint.json")
    path.write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n", "utf-8")


def hexes(hashes):
    return [one.hex() for one in hashes]


def flags(pick, n):
    return [place in pick for place in range(n)]


def logs():
    """Two gateways in one log of nine rows; the gallery's records 2 and 3 were lost, and 2 came late."""
    k0, attic_k0 = bytes(range(32)), bytes(range(100, 132))
    gallery, attic = chain(k0, 6), chain(attic_k0, 4)
    mac3 = gallery[3][36:52]
    came = [
        ("gallery", 0, None),
        ("attic", 0, None),
        ("gallery", 1, None),
        ("gallery", 4, mac3),
        ("attic", 1, None),
        ("gallery", 5, None),
        ("attic", 2, None),
        ("gallery", 2, None),
        ("attic", 3, None),
    ]
    records = {"gallery": gallery, "attic": attic}
    rows = [
        {"gateway": name, "seq": seq, "prev_mac": mac and mac.hex(), "received_utc_ms": 1_795_000_000_000 + 1000 * n}
        for n, (name, seq, mac) in enumerate(came)
    ]
    packed = [
        leaf_data(name, row["received_utc_ms"], mac, records[name][seq])
        for row, (name, seq, mac) in zip(rows, came, strict=True)
    ]
    leaves = [h(b"\x00" + data) for data in packed]
    for row, data, leaf in zip(rows, packed, leaves, strict=True):
        row |= {"record": records[row["gateway"]][row["seq"]].hex(), "leaf_data": data.hex(), "leaf_hash": leaf.hex()}
    ours = sorted(
        (seq, n, rows[n]["received_utc_ms"], mac) for n, (name, seq, mac) in enumerate(came) if name == "gallery"
    )
    hashes = batch(leaves, [name == "gallery" for name, _, _ in came])
    note = checkpoint(leaves)
    good = log(k0, "gallery", [*gallery[:3], gap(3, 3, mac3), *gallery[4:]])
    altered = bytearray(good)
    altered[64 * 2 + 28] ^= 1  # value of record 1
    altered[64 * 2 : 64 * 3] = with_crc(bytes(altered[64 * 2 : 64 * 3]))
    later = [(*one[:2], one[2] + 1, one[3]) if one[0] == 5 else one for one in ours]
    return {
        "key": {"name": ORIGIN, "secret": SECRET.hex(), "public": public(SECRET).hex(), "vkey": vkey(ORIGIN, SECRET)},
        "other_vkey": vkey(ORIGIN, OTHER_SECRET),
        "rows": rows,
        "checkpoints": [checkpoint(leaves[:n]) for n in range(1, 10)],
        "inclusion": [
            case("sound", good, proof("gallery", ours, hashes, note), []),
            case("a record altered", bytes(altered), proof("gallery", ours, hashes, note), ["root"]),
            case("a time of arrival altered", good, proof("gallery", later, hashes, note), ["root"]),
            case(
                "a record taken out", good[: 64 * 2] + good[64 * 3 :], proof("gallery", ours, hashes, note), ["seq 1"]
            ),
            case(
                "a record put in", good[:-64] + gallery[3] + good[-64:], proof("gallery", ours, hashes, note), ["seq 3"]
            ),
            case("no trailer", good[:-64], proof("gallery", ours, hashes, note), ["trailer"]),
            case(
                "a broken record",
                good[:200] + b"\0" + good[201:],
                proof("gallery", ours, hashes, note),
                ["record 3", "seq 2"],
            ),
            case("a hash altered", good, proof("gallery", ours, [h(b"x"), *hashes[1:]], note), ["root"]),
            case("a hash missing", good, proof("gallery", ours, hashes[:-1], note), None),
            case("a hash too many", good, proof("gallery", ours, [*hashes, h(b"x")], note), None),
            case("cut off within the hashes", good, proof("gallery", ours, hashes, note)[:500], None),
            case("of another gateway", good, proof("attic", ours, hashes, note), None),
            case("places twice", good, proof("gallery", [ours[0], (1, *ours[0][1:]), *ours[2:]], hashes, note), None),
            case(
                "signed by another key",
                good,
                proof("gallery", ours, hashes, checkpoint(leaves, secret=OTHER_SECRET)),
                None,
            ),
            case(
                "signature of another text", good, proof("gallery", ours, hashes, note.replace("\n9\n", "\n8\n")), None
            ),
            case(
                "of another log", good, proof("gallery", ours, hashes, checkpoint(leaves, "other.example/tocsin")), None
            ),
        ],
        "comparison": comparisons(leaves),
    }


def case(name, data, text, findings):
    """`findings`: how each begins, null when the proof or the log cannot be used at all."""
    return {"name": name, "log": data.hex(), "proof": text, "findings": findings}


def comparisons(leaves):
    """Two checkpoints and a proof; `same` null: they cannot be compared."""
    fork = [*leaves[:4], h(b"another"), *leaves[5:]]
    a, b, c = checkpoint(leaves[:6]), checkpoint(leaves), checkpoint(fork)

    def proof_file(old, tree):
        hashes = [b64encode(one).decode() for one in consistency(old, tree)]
        return "\n".join(["tocsin-consistency-1", f"{old} {len(tree)}", *hashes]) + "\n"

    fitting, forked = proof_file(6, leaves), proof_file(6, fork)
    return [
        {"name": "grown", "one": a, "other": b, "proof": fitting, "same": True},
        {"name": "the other way round", "one": b, "other": a, "proof": fitting, "same": True},
        {"name": "the same", "one": b, "other": b, "proof": None, "same": True},
        {"name": "two histories of one size", "one": b, "other": c, "proof": None, "same": False},
        {"name": "two histories, the fork's own proof", "one": a, "other": c, "proof": forked, "same": False},
        {"name": "two histories, the honest proof", "one": a, "other": c, "proof": fitting, "same": False},
        {"name": "a proof too short", "one": a, "other": b, "proof": fitting.rsplit("\n", 2)[0] + "\n", "same": False},
        {"name": "no proof", "one": a, "other": b, "proof": None, "same": None},
        {"name": "a proof for others", "one": a, "other": b, "proof": proof_file(5, leaves), "same": None},
    ]


if __name__ == "__main__":
    main()
