"""The crossing timed beside plain geopandas, on made-up layers of a city's size."""

import resource
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeVar

import geopandas as gpd

from geo.candidate import Candidate
from geo.crossing import Crossing, cross
from geo.crs import SHANGHAI_PLANE
from geo.zone import ZoneKind, ZoneLayer
from leads.bench.made_zones import AFTER, UNTIL, made_candidates, made_layers

T = TypeVar("T")

PEER = "geopandas sjoin + overlay"
"""What a person with the same files and no program of ours would write."""

ERROR_M = 5.0
"""Position error of the runs that also ask for ranges, which the peer does not."""

LONG_DEG = 0.01
"""Edges over this bow by more than a centimetre between degrees and the plane."""

SAME_SHARE = 1e-5
"""Shares of a candidate that differ by less are equal: ours are geodesic, the peer's planar."""

Shares = dict[tuple[int, str, str, str], float]
"""Share of the candidate by (its number, kind, edition, zone id)."""


def bench_crossing(
    candidates: int = 10_000, parcels: int = 100_000, zones: int = 1_000, runs: int = 5
) -> dict[str, Any]:
    """Cross made-up candidates and layers `runs` times, in turns with the peer; medians.

    Both start from the same candidates and layers in memory, as they are stored, and end with the
    area of every candidate on every zone. `peer_ratio` is of processor seconds, above 1 where ours
    takes fewer; `parcels_peer_ratio` likewise with the parcels alone, the layer that favours us
    least, and `peer_ratio_with_error` for ours with the ranges within ERROR_M, which the peer does
    not ask for. `equal` says that both find the same pairs with the same shares, to SAME_SHARE.
    """
    spots, layers = made_candidates(candidates), made_layers(parcels, zones)
    straight = [_straightened(layer) for layer in layers]
    only_parcels = [layer for layer in layers if layer.kind is ZoneKind.PARCEL]
    crossing, memory_mb, peak_mb = _weighed(lambda: _cross(spots, layers, 0.0))
    ours, alone, with_error, peers, peers_alone = ([] for _ in range(5))
    walls: list[float] = []
    shares: Shares = {}
    for _ in range(runs):
        started = perf_counter()
        ours.append(_cpu_s(lambda: _cross(spots, layers, 0.0))[1])
        walls.append(perf_counter() - started)
        (shares, of_parcels), seconds = _cpu_s(lambda: _peer(spots, straight))
        peers.append(seconds)
        peers_alone.append(of_parcels)
        alone.append(_cpu_s(lambda: _cross(spots, only_parcels, 0.0))[1])
        with_error.append(_cpu_s(lambda: _cross(spots, layers, ERROR_M))[1])
    difference = _difference(_shares(crossing), shares)
    return {
        "candidates": candidates,
        "parcels": parcels,
        "zones": zones,
        "seconds": median(walls),
        "cpu_seconds": median(ours),
        "peer": PEER,
        "peer_cpu_seconds": median(peers),
        "peer_ratio": median(peers) / median(ours),
        "parcels_peer_ratio": median(peers_alone) / median(alone),
        "peer_ratio_with_error": median(peers) / median(with_error),
        "equal": difference <= SAME_SHARE,
        "largest_share_difference": difference,
        "pairs": len(shares),
        "error_m": ERROR_M,
        "cpu_seconds_with_error": median(with_error),
        "memory_mb": memory_mb,
        "peak_memory_mb": peak_mb,
        "runs": runs,
    }


def _cross(spots: Sequence[Candidate], layers: Sequence[ZoneLayer], error_m: float) -> Crossing:
    return cross(spots, layers, error_m, AFTER, UNTIL)


def _straightened(layer: ZoneLayer) -> ZoneLayer:
    """The layer with long edges split, that they stay straight in degrees as they are meant.

    The crossing sees to that itself; for the peer it is done before the clock starts.
    """
    bounds = layer.zones.bounds.to_numpy()
    if (bounds[:, 2:] - bounds[:, :2]).max(initial=0.0) <= LONG_DEG:
        return layer
    zones = layer.zones.set_geometry(layer.zones.geometry.segmentize(LONG_DEG))
    return ZoneLayer(layer.kind, layer.edition, zones)


def _peer(spots: Sequence[Candidate], layers: Sequence[ZoneLayer]) -> tuple[Shares, float]:
    """Shares as plain geopandas finds them, and the processor seconds its parcels took."""
    outlines = gpd.GeoDataFrame(
        {"number": range(len(spots))}, geometry=[spot.geometry for spot in spots], crs=spots[0].crs
    ).to_crs(SHANGHAI_PLANE)
    whole = outlines.area.to_numpy()
    shares: Shares = {}
    parcels_s = 0.0
    for layer in layers:
        started = process_time()
        zones = layer.zones[["zone_id", "geometry"]].to_crs(SHANGHAI_PLANE)
        hit = gpd.sjoin(outlines, zones, predicate="intersects")["index_right"].unique()
        parts = gpd.overlay(outlines, zones.loc[hit], how="intersection", keep_geom_type=True)
        areas = parts.area.to_numpy()
        if layer.kind is ZoneKind.PARCEL:
            parcels_s += process_time() - started
        for number, zone_id, area in zip(parts["number"], parts["zone_id"], areas, strict=True):
            key = (number, layer.kind.value, layer.edition.name, zone_id)
            shares[key] = float(area / whole[number])
    return shares, parcels_s


def _shares(crossing: Crossing) -> Shares:
    return {
        (number, one.kind.value, one.edition, one.zone_id): one.share
        for number, overlaps in enumerate(crossing.overlaps)
        for one in overlaps
    }


def _difference(ours: Shares, theirs: Shares) -> float:
    """Largest difference of a share; a pair that one of them lacks counts as 0 there."""
    pairs = ours.keys() | theirs.keys()
    return max((abs(ours.get(pair, 0.0) - theirs.get(pair, 0.0)) for pair in pairs), default=0.0)


def _cpu_s(call: Callable[[], T]) -> tuple[T, float]:
    started = process_time()
    result = call()
    return result, process_time() - started


def _weighed(call: Callable[[], T]) -> tuple[T, float | None, float]:
    """What came of a call, memory it took above what was there, and the peak of all, in MB.

    The first is None where the system keeps no peak that can be set back.
    """
    before_mb = _forget_peak()
    result = call()
    peak_mb = _peak_mb()
    return result, None if before_mb is None else peak_mb - before_mb, peak_mb


def _forget_peak() -> float | None:
    """Set the peak back to what is in use now; returns that in MB, None where it cannot be set."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return None
    return _peak_mb()


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
