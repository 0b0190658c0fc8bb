"""A stranger at the USB port of the emulated Pico W, from its first moment on: nothing he says comes to anything."""

import pytest
from tocsin import event
from tocsin_sim.bench.usb_judge import complaints
from tocsin_sim.bench.usb_round import live
from tocsin_sim.tiers import EmulatedTier


@pytest.mark.usefixtures("official_image")
def test_hostile_words_read_no_key_change_nothing_and_stop_no_sample():
    tier = EmulatedTier()
    lives = live(tier, "ci", 3_600, 120)
    assert complaints(*lives, tier.late_ms) == []
    told = lives.storm.told
    assert sum(told.words.values()) >= 200
    assert [record.type for record in told.records].count(event.TYPE_ALARM) >= 1
