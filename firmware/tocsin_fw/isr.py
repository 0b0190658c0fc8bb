"""Every hard interrupt handler of the firmware, and nothing else.

Role in the flow: stage 2, from the sample ring to the edge ring. Shared: no. Context: hard interrupt: no
allocation, no exception, values below 2**30 only. The plain twin and oracle of `drain` is
`tocsin.debounce.Debouncer.feed`, on the same arrays.

Viper, and the planes unrolled: a call or a loop for each plane would cost more than the whole sample. `~x` is
written `x ^ MASK`, so that no word ever has a bit above the 30 inputs.
"""

from array import array

import micropython
from micropython import const

RING_SAMPLES = const(512)  # in the DMA ring; a power of two, and 496 of them outlast the worst flash erase
# The DMA may overwrite this many of the oldest samples while a full ring is drained.
GUARD_SAMPLES = const(16)

# `work`: what the handler keeps, words. INDEX is the sample index mod 2**30 up to which the ring was drained;
# the ring and the channel's period are powers of two, so it is the place in both of them too.
INDEX = const(0)
LOST = const(1)  # samples overwritten before they were drained
PERIOD_MASK = const(2)  # transfers before the channel starts again, less 1
INPUT_MASK = const(3)  # pins that are sampled
REST_MASK = const(4)  # their levels at rest
QUIET_WORD = const(5)  # a sample like this changes nothing while BUSY is 0
BUSY = const(6)  # inputs whose counters move, or whose layers differ
WORK_WORDS = const(7)

_MASK = const(0x3FFFFFFF)
_RING_MASK = const(RING_SAMPLES - 1)
_USABLE_SAMPLES = const(RING_SAMPLES - GUARD_SAMPLES)

# What `on_samples` works on; `sampler_rp2.Sampler` sets them before it enables the interrupt.
work = array("I", [0] * WORK_WORDS)
transfers_left: "int | array[int]" = work  # address of the DMA channel's TRANS_COUNT register
samples: "int | array[int]" = work  # address of the DMA ring
state = work  # tocsin.debounce_layers.Layers.state
entries = work  # tocsin.edge_ring.EdgeRing.entries
control = work  # tocsin.edge_ring.EdgeRing.control


def wake() -> None:
    """Replaced by what is called when transitions wait."""


@micropython.viper
def on_samples(_):  # ISR
    """Drain the DMA ring; called every 24 samples by the sampler's state machine."""
    w = ptr32(work)
    at = w[INDEX]
    pending = (0 - ptr32(transfers_left)[0] - at) & w[PERIOD_MASK]
    if pending > _USABLE_SAMPLES:
        w[LOST] = w[LOST] + pending - _USABLE_SAMPLES
        at = (at + pending - _USABLE_SAMPLES) & _MASK
        pending = _USABLE_SAMPLES
        w[INDEX] = at
    first = at & _RING_MASK  # a sum beyond 2**30 would allocate when it is handed over
    if w[BUSY] == 0 and int(differing(samples, first, first + pending, w[QUIET_WORD])) & w[INPUT_MASK] == 0:
        w[INDEX] = (at + pending) & _MASK
    elif drain(w, samples, pending, state, entries, control):
        wake()


@micropython.viper
def differing(ring: ptr32, at: int, end: int, word: int) -> int:  # NOALLOC
    """Bits in which any of the samples from `at` to `end` differs from `word`."""
    bits = 0
    while at < end:
        bits |= ring[at & _RING_MASK] ^ word
        at += 1
    return bits & _MASK


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
    at = w[INDEX]
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
        word = (ring[(at + n) & _RING_MASK] ^ rest) & mask
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
                push(edges, ctl, (at + n) & _MASK, flips, st, 0)
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
                push(edges, ctl, (at + n) & _MASK, flips, su, 1)
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
    w[BUSY] = busy_evidence | busy_alarm | (st ^ su)
    w[QUIET_WORD] = st ^ rest
    w[INDEX] = (at + count) & _MASK
    return pushed


@micropython.viper
def taken(kept, left) -> int:  # NOALLOC
    """Index of the next sample, mod 2**30. An interrupt in between does no harm: `at` need not be the newest."""
    w = ptr32(kept)
    at = w[INDEX]
    return (at + ((0 - ptr32(left)[0] - at) & w[PERIOD_MASK])) & _MASK
