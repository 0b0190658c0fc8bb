"""What the gateway's bench measures on the chip: that it measures what it says."""

from tocsin_sim.bench.gateway_chip import measure_costs, measure_delays


def test_every_call_is_timed_with_the_flash_busy(official_image):
    costs = measure_costs({"bare": 4, "naive": 2, "seal": 3, "record": 4, "append": 2})
    assert [len(costs.spent_us[what]) for what in ("bare", "naive", "seal", "record", "append")] == [4, 2, 3, 4, 2]
    assert costs.mean_us("bare") < costs.mean_us("seal") < costs.burst_us
    assert costs.burst_us - costs.mean_us("seal") > 400, "a page program is in it"


def test_every_edge_becomes_a_row_with_its_delay(official_image, tmp_path):
    delays = measure_delays(4, 1, tmp_path / "store")
    assert (delays.edges_without_row, delays.samples_lost) == (0, 0)
    assert all(25 <= delay_ms <= 100 for delay_ms in delays.edge_to_row_ms)
    assert 100 < delays.first_sample_ms <= 1000
