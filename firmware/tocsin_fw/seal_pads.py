"""The twin of `tocsin.seal.set_pads` in machine code: every record needs it once, and in Python it took a tenth of all.

Role in the flow: stage 6. Context: task.
"""

import micropython


@micropython.viper
def set_pads(step, inner, outer):  # NOALLOC
    """See `tocsin.seal.set_pads`."""
    k, a, b = ptr8(step), ptr8(inner), ptr8(outer)
    i = 0
    while i < 32:
        byte = k[i + 1]
        a[i] = byte ^ 0x36
        b[i] = byte ^ 0x5C
        i += 1
