"""The same network in TorchGeo's own loop: GridGeoSampler and DataLoader, where it is installed.

It does less than the line: no shift, no gains, no outlines, nothing filed. Only the loop is
counted, not its start. TorchGeo is no dependency; without it there is nothing to compare with.
"""

import json
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any

import rasterio
import torch
from torch import Tensor, nn

from leads.run.planning import EDGES_PX
from models.forward import ready
from models.siamese import BANDS, HALO_PX, SHIPPED, Siamese
from models.weights_file import open_weights

CHIP_PX = 256
"""Edge of a chip, as in TorchGeo's own examples."""
BATCH = 16
"""Chips of that edge at once."""
SEEN = BANDS[:4]
"""Bands the network takes of the bench's scenes, which have just these."""


def print_measured(pair: str) -> None:
    """Print what `measure` says of a folder, as JSON."""
    print(json.dumps(measure(Path(pair))))  # noqa: T201 (the parent reads it)


def measure(pair: Path) -> dict[str, Any] | None:
    """Megapixels of ground per processor second, one thread; None without TorchGeo.

    `our_overlap` has the margin the line reads on both sides of a chip, `default_overlap` none, as
    GridGeoSampler has it, and `our_tiles` that margin around chips as large as the line's tiles.
    """
    try:
        import_module("models.training.torchvision_ops")
        datasets = import_module("torchgeo.datasets")
        samplers = import_module("torchgeo.samplers")
    except ImportError:
        return None
    torch.set_num_threads(1)
    both = [datasets.RasterDataset(str(pair / f"{name}.tif")) for name in ("before", "after")]
    dataset, net = both[0] & both[1], _network()
    margin, tile = 2 * HALO_PX, EDGES_PX[0]
    with rasterio.open(pair / "after.tif") as image:
        megapixels: float = image.height * image.width / 1e6

    def rate(size: int, stride: int, batch: int) -> float:
        sampler = samplers.GridGeoSampler(dataset, size=size, stride=stride)
        loader = torch.utils.data.DataLoader(
            dataset, batch_size=batch, sampler=sampler, collate_fn=datasets.stack_samples
        )
        return megapixels / _seconds(loader, net)

    return {
        "peer": f"torchgeo {import_module('torchgeo').__version__}",
        "our_overlap": rate(CHIP_PX, CHIP_PX - margin, BATCH),
        "default_overlap": rate(CHIP_PX, CHIP_PX, BATCH),
        "our_tiles": rate(tile + margin, tile, 1),
    }


def _network() -> nn.Module:
    """The shipped network in the arithmetic the line would choose here; values do not matter."""
    weights = open_weights(SHIPPED)
    chosen = Siamese(weights).settled()
    return ready(weights.path, weights.sha256, SEEN, (1.0,) * len(SEEN), chosen.dtype)


@torch.inference_mode()
def _seconds(chips: Iterable[dict[str, Tensor]], net: nn.Module) -> float:
    """Processor seconds of looking at all chips; both dates lie in one, band after band."""
    kind, count = next(net.parameters()).dtype, len(SEEN)
    started = process_time()
    for chip in chips:
        images = chip["image"]
        dates = (images[:, :count], images[:, images.shape[1] // 2 :][:, :count])
        change, _ = net(*(d.to(kind, memory_format=torch.channels_last) for d in dates))
        torch.sigmoid(change.float()).numpy()
    return process_time() - started
