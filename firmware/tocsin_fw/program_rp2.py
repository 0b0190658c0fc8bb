# mypy: ignore-errors
"""The program of the sampler's state machine.

Role in the flow: stage 1. Context: hardware.
Source: RP2040 datasheet 3.4 (PIO instructions).
"""

import rp2

CLOCKS_HZ = 4000  # 4 clocks a sample


@rp2.asm_pio(in_shiftdir=rp2.PIO.SHIFT_LEFT, autopush=True, push_thresh=32, fifo_join=rp2.PIO.JOIN_RX)
def sample_pins():
    """Four clocks from one `in_` to the next, also across the wrap; an interrupt after each 24."""
    wrap_target()
    set(x, 22)
    label("next")
    in_(pins, 32)[2]
    jmp(x_dec, "next")
    in_(pins, 32)[1]
    irq(rel(0))
    wrap()
