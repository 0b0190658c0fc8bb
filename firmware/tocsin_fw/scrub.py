"""Tidies memory in time, and overwrites what is free: objects that held a key leave their bytes behind when dropped.

Role in the flow: stage 6. Context: task.
MicroPython frees without clearing. Keys pass through hash states, integers and byte strings; rather than chase each of
them, the whole free heap is filled with zeros.
"""

import gc

_BLOCK_BYTES = 16
_PIECE_BYTES = 4096
# More than there are holes of one block between what stays.
_HOLES = 128


def tidy(usual_bytes: int) -> int:
    """Collect garbage if less than half of `usual_bytes` is free; what was free after the latest collection.

    For whoever has time: a collection takes 20 ms, and one that begins by itself does so between an edge and its row.
    Afterwards each search for more than one block begins at the first hole of one: these are filled for the moment.
    """
    if gc.mem_free() * 2 > usual_bytes:
        return usual_bytes
    gc.collect()
    for _ in range(_HOLES):
        object()
    return gc.mem_free()


def scrub() -> None:
    """Fill every free block with zeros and free them again. Allocates: all there is, for some 40 ms on an RP2040.

    In small pieces, and none is held: without collections each stays taken all the same. A word that is left on the
    stack keeps alive what it seems to point to: of pieces as large as the heap it kept half of it, and for long.
    """
    gc.collect()
    gc.disable()
    try:
        size = _PIECE_BYTES
        while size >= _BLOCK_BYTES:
            try:
                bytearray(size)
            except MemoryError:
                size //= 2
    finally:
        gc.enable()
    gc.collect()
