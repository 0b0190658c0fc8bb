"""Sampler.take_samples of the simulated board does not allocate: it stands for a timer interrupt."""

import micropython
from tocsin_sim.vm.hal_sim import Sampler
from tocsin_sim.vm.virtual_time import Clock


def test_take_samples_does_not_allocate():
    clock = Clock()
    sampler = Sampler(clock)
    sampler.start(0x3FFFFFFF, 0x155)
    micropython.heap_lock()
    try:
        for step in range(500):
            clock.now_ms += 1 + step % 20
            sampler._pins = 0x3FFFFFFF if step % 100 > 40 else step & 3
            sampler.take_samples()
    finally:
        micropython.heap_unlock()
    assert len(sampler.ring) > 20 and sampler.flag.state
