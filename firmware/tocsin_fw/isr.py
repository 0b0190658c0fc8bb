"""Every hard interrupt handler of the firmware, and nothing else.

Role in the flow: stage 2, from the sample ring to the edge ring. Shared: no. Context: hard interrupt: no allocation,
no exception, values below 2**30 only.
The plain twin and oracle of `drain` is `tocsin.debounce.Debouncer.feed`, on the same arrays.

Viper, and the planes unrolled: a call or a loop for each plane would cost more than the whole sample. `~x` is written
`x ^ MASK`, so that no word ever has a bit above the 30 inputs.
"""

from array import array

import micropython
from micropython import const

# `work`: what the handler keeps, words. INDEX is the sample index mod 2**30 up to which the ring was drained.
INDEX = const(0)
WRAPS = const(1)  # how often INDEX went past 2**30
LOST = const(2)  # samples overwritten before they were drained
SEEN = const(3)  # transfers of the DMA channel up to which the ring was drained, mod PERIOD
INPUT_MASK = const(4)  # pins that are sampled
REST_MASK = const(5)  # their levels at rest
PERIOD_MASK = const(6)  # transfers of the DMA channel before it starts again, less 1
RING_MASK = const(7)  # samples in the DMA ring, less 1
WORK_WORDS = const(8)

# The DMA may overwrite this many of the oldest samples while a full ring is drained.
GUARD_SAMPLES = const(16)

_MASK = const(0x3FFFFFFF)

# What `on_samples` works on; `sampler_rp2.Sampler` sets them before it enables the interrupt.
work = array("I", [0] * WORK_WORDS)
transfers_left = work  # address of the DMA channel's TRANS_COUNT register
samples = work  # address of the DMA ring
state = work  # tocsin.debounce.Debouncer.state
entries = work  # tocsin.edge_ring.EdgeRing.entries
control = work  # tocsin.edge_ring.EdgeRing.control
wake = None  # called without an argument when transitions wait


@micropython.viper
def on_samples(_):  # ISR
    """Drain the DMA ring; called every 16 samples by the sampler's state machine."""
    w = ptr32(work)
    pending = (0 - ptr32(transfers_left)[0] - w[SEEN]) & w[PERIOD_MASK]
    usable = w[RING_MASK] + 1 - GUARD_SAMPLES
    if pending > usable:
        w[LOST] = w[LOST] + pending - usable
        skip(w, pending - usable)
        pending = usable
    if drain(w, samples, pending, state, entries, control):
        wake()


@micropython.viper
def skip(w: ptr32, count: int):  # NOALLOC
    """Move SEEN, INDEX and WRAPS on by `count` samples."""
    w[SEEN] = (w[SEEN] + count) & w[PERIOD_MASK]
    index = w[INDEX] + count
    if index > _MASK:
        w[WRAPS] = w[WRAPS] + 1
    w[INDEX] = index & _MASK


@micropython.viper
def push(edges: ptr32, ctl: ptr32, index: int, flips: int, levels: int, layer: int):  # NOALLOC
    """The twin of `EdgeRing.push`."""
    written = ctl[0]
    if ((written - ctl[1]) & _MASK) > ctl[3]:
        ctl[2] = (ctl[2] + 1) & _MASK
        return
    at = (written & ctl[3]) << 2
    edges[at] = index
    edges[at + 1] = flips
    edges[at + 2] = levels
    edges[at + 3] = layer
    ctl[0] = (written + 1) & _MASK


@micropython.viper
def drain(w: ptr32, ring: ptr32, count: int, s: ptr32, edges: ptr32, ctl: ptr32) -> int:  # NOALLOC
    """Debounce the next `count` samples of `ring`; returns how many transitions there were.

    One function on purpose: all counters stay in locals from one sample to the next.
    """
    at = w[SEEN]
    ring_mask = w[RING_MASK]
    index = w[INDEX]
    mask = w[INPUT_MASK]
    rest = w[REST_MASK]
    pushed = 0
    st = s[0]
    p0 = s[1]
    p1 = s[2]
    p2 = s[3]
    p3 = s[4]
    p4 = s[5]
    su = s[6]
    q0 = s[7]
    q1 = s[8]
    q2 = s[9]
    q3 = s[10]
    q4 = s[11]
    q5 = s[12]
    q6 = s[13]
    q7 = s[14]
    busy_evidence = p0 | p1 | p2 | p3 | p4
    busy_alarm = q0 | q1 | q2 | q3 | q4 | q5 | q6 | q7
    n = 0
    while n < count:
        word = (ring[(at + n) & ring_mask] ^ rest) & mask
        # Evidence layer: 5 planes; counters of `d` go up, those that are not 0 down; 25 = 0b11001 flips.
        d = word ^ st
        if d | busy_evidence:
            c = d
            t = p0 & c
            p0 ^= c
            c = t
            t = p1 & c
            p1 ^= c
            c = t
            t = p2 & c
            p2 ^= c
            c = t
            t = p3 & c
            p3 ^= c
            c = t
            p4 ^= c
            b = (d ^ _MASK) & busy_evidence
            t = (p0 ^ _MASK) & b
            p0 ^= b
            b = t
            t = (p1 ^ _MASK) & b
            p1 ^= b
            b = t
            t = (p2 ^ _MASK) & b
            p2 ^= b
            b = t
            t = (p3 ^ _MASK) & b
            p3 ^= b
            b = t
            p4 ^= b
            flips = p4 & p3 & p0 & ((p2 | p1) ^ _MASK)
            if flips:
                st ^= flips
                keep = flips ^ _MASK
                p0 &= keep
                p1 &= keep
                p2 &= keep
                p3 &= keep
                p4 &= keep
                push(edges, ctl, (index + n) & _MASK, flips, st, 0)
                pushed += 1
            busy_evidence = p0 | p1 | p2 | p3 | p4
        # Alarm layer: 8 planes; 240 = 0b11110000 flips.
        d = word ^ su
        if d | busy_alarm:
            c = d
            t = q0 & c
            q0 ^= c
            c = t
            t = q1 & c
            q1 ^= c
            c = t
            t = q2 & c
            q2 ^= c
            c = t
            t = q3 & c
            q3 ^= c
            c = t
            t = q4 & c
            q4 ^= c
            c = t
            t = q5 & c
            q5 ^= c
            c = t
            t = q6 & c
            q6 ^= c
            c = t
            q7 ^= c
            b = (d ^ _MASK) & busy_alarm
            t = (q0 ^ _MASK) & b
            q0 ^= b
            b = t
            t = (q1 ^ _MASK) & b
            q1 ^= b
            b = t
            t = (q2 ^ _MASK) & b
            q2 ^= b
            b = t
            t = (q3 ^ _MASK) & b
            q3 ^= b
            b = t
            t = (q4 ^ _MASK) & b
            q4 ^= b
            b = t
            t = (q5 ^ _MASK) & b
            q5 ^= b
            b = t
            t = (q6 ^ _MASK) & b
            q6 ^= b
            b = t
            q7 ^= b
            flips = q7 & q6 & q5 & q4 & ((q3 | q2 | q1 | q0) ^ _MASK)
            if flips:
                su ^= flips
                keep = flips ^ _MASK
                q0 &= keep
                q1 &= keep
                q2 &= keep
                q3 &= keep
                q4 &= keep
                q5 &= keep
                q6 &= keep
                q7 &= keep
                push(edges, ctl, (index + n) & _MASK, flips, su, 1)
                pushed += 1
            busy_alarm = q0 | q1 | q2 | q3 | q4 | q5 | q6 | q7
        n += 1
    s[0] = st
    s[1] = p0
    s[2] = p1
    s[3] = p2
    s[4] = p3
    s[5] = p4
    s[6] = su
    s[7] = q0
    s[8] = q1
    s[9] = q2
    s[10] = q3
    s[11] = q4
    s[12] = q5
    s[13] = q6
    s[14] = q7
    skip(w, count)
    return pushed
