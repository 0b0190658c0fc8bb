"""Signed notes: a text with the Ed25519 signature of a named key under it.

Role in the flow: stage 10 and whoever doubts it. Context: host. Sources: C2SP signed-note.md; RFC 8032. Its vkey is the
public key as people pass it on, its skey the private one.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from tocsin.errors import TocsinError

_ED25519 = b"\x01"
_KEY_BYTES, _ID_BYTES, _SIGNATURE_BYTES = 32, 4, 64
_SIGNED_BY = "— "
_SECRET = "PRIVATE+KEY+"
# A note of ours has a few hundred bytes; who sends more wants to cost us time.
_NOTE_CHARACTERS = 1_000_000


class NoteError(TocsinError):
    """A note, a key or a signature that cannot be used, in words that say what is wrong."""

    code = 610


class VerifyKey(NamedTuple):
    """The public key and the name it signs under."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The 4 bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def text(self) -> str:
        """The vkey: NAME+ID+KEY."""
        return f"{self.name}+{self.id.hex()}+{b64encode(_ED25519 + self.public).decode()}"


class SigningKey(NamedTuple):
    """The private key (RFC 8032's 32 secret bytes) and the name it signs under."""

    name: str
    secret: bytes

    def public(self) -> VerifyKey:
        """The key that verifies what this one signs."""
        return VerifyKey(self.name, Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw())

    def text(self) -> str:
        """The skey: PRIVATE+KEY+NAME+ID+SECRET."""
        return f"{_SECRET}{self.name}+{self.public().id.hex()}+{b64encode(_ED25519 + self.secret).decode()}"

    def sign(self, text: str) -> str:
        """The whole note of `text`, which ends with a line end."""
        signature = Ed25519PrivateKey.from_private_bytes(self.secret).sign(text.encode())
        return f"{text}\n{_SIGNED_BY}{self.name} {b64encode(self.public().id + signature).decode()}\n"


def make_key(name: str) -> SigningKey:
    """A new random key. Raises: NoteError for a name that a note cannot bear."""
    check_key_name(name)
    return SigningKey(name, Ed25519PrivateKey.generate().private_bytes_raw())


def check_key_name(name: str) -> None:
    """Raises: NoteError unless a note can bear it."""
    if not name or not name.isprintable() or "+" in name or any(letter.isspace() for letter in name):
        raise NoteError(f"log name {name!r}: use a name without spaces and '+', such as museum.example/tocsin")


def parse_verify_key(text: str) -> VerifyKey:
    """The key of a vkey. Raises: NoteError."""
    name, key_id, public = _parse_key("a vkey NAME+ID+KEY", text.strip())
    key = VerifyKey(name, public)
    if key.id != key_id:
        raise NoteError(f"vkey of {name}: the id {key_id.hex()} is not that of its key; it was not copied whole")
    return key


def parse_signing_key(text: str) -> SigningKey:
    """The key of an skey. Raises: NoteError, which never tells the secret."""
    text = text.strip()
    if not text.startswith(_SECRET):
        raise NoteError(f"not a log's private key: it must begin with {_SECRET}")
    name, key_id, secret = _parse_key(f"{_SECRET}NAME+ID+SECRET", text.removeprefix(_SECRET))
    key = SigningKey(name, secret)
    if key.public().id != key_id:
        raise NoteError(f"private key of {name}: its id is not that of its key; restore the file")
    return key


def _parse_key(form: str, text: str) -> tuple[str, bytes, bytes]:
    parts = text.split("+", 2)  # the key is base64 and may hold a + of its own
    try:
        name, key_id, key = parts[0], bytes.fromhex(parts[1]), b64decode(parts[2], validate=True)
    except (IndexError, ValueError):
        raise NoteError(f"not {form}; copy it whole, on one line") from None
    check_key_name(name)
    if len(key_id) != _ID_BYTES or len(key) != 1 + _KEY_BYTES or key[:1] != _ED25519:
        raise NoteError(f"not {form} of Ed25519; copy it whole, on one line")
    return name, key_id, key[1:]


def open_note(note: str, key: VerifyKey) -> str:
    """The text of a note that `key` signed. Signatures of other keys are passed over. Raises: NoteError."""
    text, signatures = split_note(note)
    found = [data for name, data in signatures if name == key.name and data[:_ID_BYTES] == key.id]
    if not found:
        signers = ", ".join(f"{name}+{data[:_ID_BYTES].hex()}" for name, data in signatures)
        raise NoteError(f"not signed by {key.name}+{key.id.hex()}, but by {signers}")
    for data in found:
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(data[_ID_BYTES:], text.encode())
        except (InvalidSignature, ValueError):
            raise NoteError(f"the signature of {key.name} is wrong: the note was altered, or forged") from None
    return text


def split_note(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    """(text, [(key name, key id and signature)]) of a note, unverified. Raises: NoteError when it is none."""
    text, blank, signed = note.rpartition("\n\n")
    if len(note) > _NOTE_CHARACTERS or not blank or not signed.endswith("\n"):
        raise NoteError("not a signed note: a text, an empty line and signatures; it was not copied whole")
    if any(ord(letter) < 0x20 and letter != "\n" for letter in note):
        raise NoteError("not a signed note: there are control characters in it")
    return text + "\n", [_parse_signature(line) for line in signed[:-1].split("\n")]


def _parse_signature(line: str) -> tuple[str, bytes]:
    name, _, encoded = line.removeprefix(_SIGNED_BY).partition(" ")
    try:
        data = b64decode(encoded, validate=True)
    except ValueError:
        data = b""
    if not line.startswith(_SIGNED_BY) or not name or len(data) <= _ID_BYTES:
        raise NoteError("not a signed note: a signature line is not '— NAME SIGNATURE'")
    return name, data
