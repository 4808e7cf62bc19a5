"""Forward passes timed on one thread: ours, its peers, and the processor's best with matrices."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn

from models import forward
from models.bench.clock import Call, seconds_in_turns
from models.bench.compiled import NOT_COMPILED, compiled
from models.bench.networks import SEEN, folded_detector, noise, operations
from models.bench.peak import IMAGE_EDGES_PX, MATRIX_EDGES, gigaflops, trials
from models.bench.peers import PEERS, Way, installed, ways
from models.precision import chosen
from models.siamese import SHIPPED
from models.weights_file import open_weights

TILE_PX = 512
"""Edge of the timed tiles."""
PEER = PEERS[0]
"""The peer of the report: FC-Siam-diff."""
COMPILE_LIMIT_S = 900
"""Longest wait for the compiler."""


def bench_detector(
    runs: int = 5,
    compile_limit_s: float = COMPILE_LIMIT_S,
    tile_px: int = TILE_PX,
    matrix_edges: Sequence[int] = MATRIX_EDGES,
    image_edges_px: Sequence[int] = IMAGE_EDGES_PX,
) -> dict[str, Any]:
    """Rates of medians of `runs` calls of each, taken in turns in this process; see docs/speed.md.

    A megapixel is one of the grid, seen on both dates. All run in the precision that the detector
    takes on this processor, with random weights. `peer_ratio` is against the peer's faster layout,
    normalisation folded. `peak_share` counts matrix operations alone, against the faster of dense
    products and dense convolutions. Compiled rates are eager ones times the ratio of both, which
    are timed in turns in one other process. With `compile_limit_s` 0 nothing is compiled.
    """
    torch.set_num_threads(1)
    _, precision = chosen(SHIPPED, open_weights(SHIPPED).sha256, "cpu", "auto")
    net, dates = folded_detector(precision), noise(tile_px, precision)
    peak = trials(precision, matrix_edges, image_edges_px)
    calls = _our_calls(net, dates) | {name: call for name, (call, _) in peak.items()}
    calls |= {way.name: _call(way, precision, tile_px) for way in ways()}
    times = seconds_in_turns(calls, runs)
    speeds = {name: tile_px**2 / 1e6 / median(taken) for name, taken in times.items()}
    fast = compiled(precision, tile_px, runs, compile_limit_s) if compile_limit_s else NOT_COMPILED
    peers = {peer: _told(peer, speeds) if installed(peer) else None for peer in PEERS}
    kmac = operations(net, dates) / 2 / tile_px**2 / 1e3
    return {
        **_rates(speeds["ours"], kmac, gigaflops(peak, times), fast["ratio"]),
        "peer": PEER,
        "peer_ratio": _told(PEER, speeds)["ratio"],
        "peers": peers,
        "whole_tile_megapixels_per_cpu_second": speeds["tile"],
        "compiled_difference": fast["difference"],
        "compiled_reason": fast["reason"],
        "precision": precision,
        "tile_px": tile_px,
        "bands": len(SEEN),
        "threads": torch.get_num_threads(),
        "runs": runs,
    }


def _our_calls(net: nn.Module, dates: tuple[Tensor, Tensor]) -> dict[str, Call]:
    """The network alone, and a tile from pixels to logit, class and entropy."""
    before, after = (date[0].float().contiguous().numpy() for date in dates)
    return {"ours": lambda: net(*dates), "tile": lambda: forward.run(net, before, after)}


def _rates(
    speed: float, kmac: float, peaks: Mapping[str, float], quicker: float | None
) -> dict[str, Any]:
    """Our speed (Mpx per CPU-second) at `kmac` per pixel beside peaks (1e9 operations a second)."""
    best = max(peaks, key=lambda name: peaks[name])
    share = speed * 2 * kmac / peaks[best]
    return {
        "megapixels_per_cpu_second": speed,
        "peak_share": share,
        "compiled_ratio": quicker,
        "megapixels_per_cpu_second_compiled": quicker and speed * quicker,
        "peak_share_compiled": quicker and share * quicker,
        "kmac_per_px": kmac,
        "matrix_peak_gflops": peaks[best],
        "matrix_peak_by": best,
        "peaks_gflops": dict(peaks),
    }


def _call(way: Way, precision: str, tile_px: int) -> Call:
    net = way.network(precision)
    before, after = (
        date.contiguous(memory_format=way.format) for date in noise(tile_px, precision)
    )
    return lambda: net(before, after)


def _told(peer: str, speeds: Mapping[str, float]) -> dict[str, Any]:
    """A peer's faster layout, folded and as published, and how much faster we are."""
    rows = {way: speeds[way.name] for way in ways() if way.peer == peer}
    folded = max((way for way in rows if way.folded), key=lambda way: rows[way])
    published = max((way for way in rows if not way.folded), key=lambda way: rows[way])
    return {
        "megapixels_per_cpu_second": rows[folded],
        "layout": folded.layout,
        "ratio": speeds["ours"] / rows[folded],
        "megapixels_per_cpu_second_published": rows[published],
        "ratio_published": speeds["ours"] / rows[published],
    }
