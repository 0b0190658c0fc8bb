"""The twin of `tocsin.seal.set_key` in machine code: every record needs it once, and in Python it took a tenth of all.

Role in the flow: stage 6. Context: task.
"""

import micropython


@micropython.viper
def set_key(key, step, message, outer):  # NOALLOC
    """See `tocsin.seal.set_key`."""
    k, s = ptr8(key), ptr8(step)
    a, b = ptr8(message), ptr8(outer)
    i = 0
    while i < 32:
        byte = k[i]
        a[i] = byte ^ 0x36
        b[i] = byte ^ 0x5C
        i += 1
        s[i] = byte
