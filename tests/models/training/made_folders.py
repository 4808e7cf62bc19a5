"""Small folders to train on, and small weights, made by seeded code."""

import json
import warnings
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning

from models.forward import write_weights
from models.network import PlainSiamese, Shape
from models.weights_file import Card, WeightsFile, open_weights

WEST, NORTH = 642_000.0, 3_456_000.0
"""In Shanghai, EPSG:4549."""
RGB = ("red", "green", "blue")


def noisy_pair(seed: int, shape: tuple[int, int], bands: int = 3) -> tuple[NDArray, NDArray]:
    """Two dates of noise (band, y, x), alike but for a little noise; a block changes."""
    rng = np.random.default_rng(seed)
    before = rng.normal(90, 12, (1, *shape)) + rng.normal(0, 8, (bands, *shape))
    after = before + rng.normal(0, 2, before.shape)
    rows, cols = shape
    after[:, rows // 4 : rows // 2, cols // 4 : cols // 2] += 70
    return before, after


def changed_block(shape: tuple[int, int]) -> NDArray[np.uint8]:
    rows, cols = shape
    label = np.zeros(shape, np.uint8)
    label[rows // 4 : rows // 2, cols // 4 : cols // 2] = 1
    return label


def write_png(path: Path, pixels: NDArray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows, cols = pixels.shape[1:]
    size = {"count": len(pixels), "height": rows, "width": cols, "dtype": "uint8"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", driver="PNG", **size) as image:
            image.write(pixels.clip(0, 255).astype(np.uint8))


def write_pairs(folder: Path, names: tuple[str, ...], edge: int = 96) -> Path:
    """FOLDER/{A,B,label} of pictures with a changed block each."""
    for seed, name in enumerate(names):
        before, after = noisy_pair(seed, (edge, edge))
        write_png(folder / "A" / f"{name}.png", before)
        write_png(folder / "B" / f"{name}.png", after)
        write_png(folder / "label" / f"{name}.png", changed_block((edge, edge))[None] * 255)
    return folder


def write_tif(
    path: Path, pixels: NDArray, names: tuple[str, ...], corner: tuple[float, float], gsd_m: float
) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    count, rows, cols = pixels.shape
    place = Affine(gsd_m, 0, WEST + corner[0], 0, -gsd_m, NORTH + corner[1])
    size = {"count": count, "height": rows, "width": cols, "dtype": pixels.dtype}
    nodata = np.nan if pixels.dtype == np.float32 else None
    with rasterio.open(
        path, "w", driver="GTiff", crs="EPSG:4549", transform=place, nodata=nodata, **size
    ) as image:
        image.write(pixels)
        image.descriptions = names


def write_verdict(
    folder: Path,
    name: str,
    corner: tuple[float, float] = (0.0, 0.0),
    *,
    shape: tuple[int, int] = (96, 96),
    bands: tuple[str, ...] = RGB,
    code: int = 1,
    by: str = "account",
    unseen: slice = slice(0, 0),
    gsd_m: float = 2.0,
    scale: float = 1.0,
) -> None:
    """One pair as `labels export` writes it; a `code` of 0 is a discarded lead."""
    dates = noisy_pair(sum(name.encode()), shape, len(bands))
    for part, pixels in zip("AB", dates, strict=True):
        values = (pixels * scale).astype(np.float32)
        values[:, unseen] = np.nan
        write_tif(folder / part / f"{name}.tif", values, bands, corner, gsd_m)
    label = changed_block(shape) * np.uint8(code > 0)
    for part, codes in (("label", label), ("classes", label * np.uint8(code))):
        write_tif(folder / part / f"{name}.tif", codes[None], (part,), corner, gsd_m)
    table = folder / "labels.json"
    rows = json.loads(table.read_text("utf-8"))["labels"] if table.exists() else []
    rows.append({"lead_id": name, "label": int(code > 0), "class_by": by if code else None})
    table.write_text(json.dumps({"labels": rows}), "utf-8")


def tiny_weights(path: Path, bias: float = 0.0, **card: object) -> WeightsFile:
    """Weights of a small net whose logits of change are raised by `bias`."""
    import torch  # noqa: PLC0415 (only where weights are wanted)

    torch.manual_seed(1)
    net = PlainSiamese(Shape((8, 8, 8, 8), 8, 8)).eval()
    with torch.no_grad():
        assert net.change.bias is not None
        net.change.bias += bias
    write_weights(path, net, Card("siamese", **card))  # type: ignore[arg-type]
    return open_weights(path)
