"""Overwrites memory that is free, because objects that held a key leave their bytes behind when they are dropped.

Role in the flow: stage 6. Context: task.
MicroPython frees without clearing. Keys pass through hash states, integers and byte strings; rather than chase each of
them, the whole free heap is filled with zeros.
"""

import gc

_BLOCK_BYTES = 16


def scrub() -> None:
    """Fill every free block with zeros and free them again. Allocates: all there is, for some 30 ms on an RP2040."""
    gc.collect()
    # Without collections in between: a failing allocation would start one each time.
    gc.disable()
    held: object = None
    size = gc.mem_free()
    while size >= _BLOCK_BYTES:
        try:
            held = (held, bytearray(size))
        except MemoryError:
            size //= 2
    held = None
    gc.enable()
    gc.collect()
