# mypy: ignore-errors
"""The program of the pulse counter's state machine.

Role in the flow: stage 3. Context: hardware.
Source: RP2040 datasheet 3.4 (PIO instructions).
"""

import rp2

CLOCKS_HZ = 4000


@rp2.asm_pio()
def count_pulses():
    """A pulse is low for 1.25 ms at least, then high; each makes X one less, and hands it on."""
    set(x, 0)
    wrap_target()
    label("high")
    jmp(pin, "high")[4]
    jmp(pin, "high")
    label("low")
    jmp(pin, "up")
    jmp("low")
    label("up")
    jmp(x_dec, "tell")
    label("tell")
    mov(isr, x)
    push(noblock)[3]
    wrap()
