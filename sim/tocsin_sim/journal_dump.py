"""How many records a virtual gateway ever sealed, read from what lies in its flash.

Role in the flow: part of the judge: it asks the gateway's flash, not the host. Context: CPython.
"""

from pathlib import Path

from tocsin.record import RECORD_BYTES
from tocsin.segment import decode_header, intact_records


def sealed_count(flash: Path) -> int:
    """The seq after the highest record in the journal."""
    highest = 0
    for path in (flash / "journal").glob("*.seg"):
        data = path.read_bytes()
        header = decode_header(data[:RECORD_BYTES])
        if header is not None:
            highest = max(highest, header[0] + intact_records(data[RECORD_BYTES:], header[0]))
    return highest
