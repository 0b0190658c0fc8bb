"""What `tocsin commission` asks in a gateway's service console beside the probe of `tocsin diag`; changes nothing.

Role in the flow: beside stage 8, at commissioning. Context: the console of a gateway in service mode, which gets it as
`console_source.py` makes it.
"""

import sys
from binascii import b2a_base64, hexlify, unhexlify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Nothing here wants much heap in one piece: a board with many zones has little of it.
PIECE_BYTES = 128
# At once: other tasks wait meanwhile.
RECORDS_MAX = 24


def running() -> "Any":
    """The gateway."""
    return sys.modules["tocsin_fw.app"].running


def prove(challenge: str) -> None:
    """Print what only who has this gateway's service key can make of a challenge, both as hexadecimal digits."""
    from tocsin.compat import hmac_sha256

    with open(running().hal.storage + "/keys/service.key", "rb") as file:
        print(hexlify(hmac_sha256(file.read(), b"tocsin commission" + unhexlify(challenge))).decode())


def site() -> None:
    """Print the configuration that lies in flash."""
    with open(running().hal.storage + "/site.json") as file:
        while True:
            piece = file.read(PIECE_BYTES)
            if not piece:
                break
            print(piece, end="")


def records(seq: int) -> None:
    """Print what the journal holds from `seq` on, some at once, a line of base64 each; then the seq to go on from."""
    from tocsin.errors import JournalError

    journal = running().recorder._journal
    for _ in range(RECORDS_MAX):
        seq = journal.first_from(seq)
        if seq >= journal.next_seq:
            break
        try:
            print(b2a_base64(journal.read(seq)).decode().strip())
        except JournalError:
            pass  # a damaged one: the gateway tells of it by itself
        seq += 1
    print(seq)
