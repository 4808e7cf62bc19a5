"""The bench of the crossing: what it reports, and that the peer finds the same."""

from leads.bench.crossing import PEER, bench_crossing
from leads.bench.made_zones import AFTER, UNTIL, made_candidates, made_layers


def test_the_report_and_that_both_find_the_same() -> None:
    report = bench_crossing(candidates=120, parcels=2_000, zones=12, runs=1)
    assert (report["candidates"], report["parcels"], report["zones"]) == (120, 2_000, 12)
    assert report["equal"] is True and report["largest_share_difference"] < 1e-6
    assert report["pairs"] > 240 and report["peer"] == PEER
    assert report["peer_ratio"] > 0 and report["parcels_peer_ratio"] > 0
    ratio = report["peer_cpu_seconds"] / report["cpu_seconds_with_error"]
    assert report["peer_ratio_with_error"] == ratio > 0
    assert report["cpu_seconds"] > 0 and report["peak_memory_mb"] > 0


def test_made_layers_are_valid_and_the_same_each_time() -> None:
    first, second = made_layers(300, 8), made_layers(300, 8)
    for one, other in zip(first, second, strict=True):
        assert one.zones.geometry.is_valid.all()
        assert one.zones.equals(other.zones)
        assert one.edition.in_force_within(AFTER, UNTIL)
    assert [len(layer.zones) for layer in first] == [300, 16, 8, 8]
    assert all(spot.geometry.is_valid for spot in made_candidates(50))
