"""Camera: blur, sharpening, gain, noise, compression and rounding of one sensor."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from geo.errors import SceneError
from geo.raster import Float
from tiles.synthetic.cover import BANDS

_TOP = {"uint8": 255.0, "uint16": 65535.0}


@dataclass(frozen=True, slots=True)
class Camera:
    """One sensor."""

    name: str
    """For people."""
    bands: tuple[str, ...]
    """Bands in the order of its images; a choice of BANDS."""
    gain: tuple[float, ...]
    """Digital numbers per unit reflectance, one per band."""
    offset: tuple[float, ...]
    """Digital number of reflectance 0, one per band."""
    blur_px: float = 0.6
    """Standard deviation of the point spread, in image pixels."""
    sharpen: float = 0.0
    """Strength of the ground segment's edge enhancement; 0 for none."""
    noise: float = 0.0
    """Standard deviation in digital numbers."""
    dtype: str = "uint8"
    """`uint8` or `uint16`."""
    step: int = 1
    """Digital numbers are rounded to multiples of this."""
    jpeg_quality: int | None = None
    """JPEG losses on every band of a uint8 image, or None."""
    gamma: float = 1.0
    """Exponent of its tone curve: 1 for linear numbers, about 2 for pictures for people."""
    shift_m: tuple[float, float] = (0.0, 0.0)
    """How far east and north of its true place the image shows the ground."""

    def __post_init__(self) -> None:
        if not (len(self.bands) == len(self.gain) == len(self.offset)):
            raise SceneError(f"camera {self.name}: give one gain and one offset per band")
        if set(self.bands) - set(BANDS):
            raise SceneError(f"camera {self.name}: bands {self.bands} are not all of {BANDS}")
        if self.dtype not in _TOP or (self.jpeg_quality and self.dtype != "uint8"):
            raise SceneError(f"camera {self.name}: {self.dtype} is not uint8 or uint16 as needed")

    @property
    def margin_px(self) -> int:
        """Image pixels around a block that blur and sharpening reach."""
        return int(np.ceil(4 * self.blur_px)) + 4


def expose(fine: Float, factor: int, camera: Camera) -> Float:
    """Blur fine reflectance (band, y, x) and average it over factor x factor pixels."""
    sigma = camera.blur_px * factor
    rows, cols = fine.shape[1] // factor, fine.shape[2] // factor
    out = np.empty((len(fine), rows, cols), np.float32)
    for n, plane in enumerate(fine):
        soft = cv2.GaussianBlur(plane, (0, 0), sigma) if sigma > 0 else plane
        small = cv2.resize(soft, (cols, rows), interpolation=cv2.INTER_AREA)
        if camera.sharpen:
            small = small + np.float32(camera.sharpen) * (
                small - cv2.GaussianBlur(small, (0, 0), 1)
            )
        out[n] = small
    return out


def digitise(rho: Float, camera: Camera, rng: np.random.Generator) -> Float:
    """Digital numbers (band, y, x), whole, as float32."""
    top = np.float32(_TOP[camera.dtype])
    out = np.empty_like(rho)
    for n, plane in enumerate(rho):
        numbers = plane * np.float32(camera.gain[n]) + np.float32(camera.offset[n])
        if camera.gamma != 1:
            numbers = top * (np.maximum(numbers, 0) / top) ** np.float32(1 / camera.gamma)
        if camera.noise:
            noise = rng.standard_normal(plane.shape, dtype=np.float32)
            numbers += noise * np.float32(camera.noise)
        numbers = np.rint(numbers / camera.step) * np.float32(camera.step)
        numbers = np.clip(numbers, 0, top)
        out[n] = _squeezed(numbers, camera.jpeg_quality) if camera.jpeg_quality else numbers
    return out


def _squeezed(plane: Float, quality: int) -> Float:
    """A plane after a round trip through JPEG."""
    done, data = cv2.imencode(".jpg", plane.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise SceneError("OpenCV could not encode a JPEG block: check the OpenCV build")
    back: NDArray[np.uint8] = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)  # type: ignore[assignment]
    return back.astype(np.float32)


VHR_A = Camera(
    "合成高分甲",
    ("blue", "green", "red", "nir"),
    (1110.0, 1080.0, 1040.0, 580.0),
    (-14.0, -20.0, -25.0, 0.0),
    blur_px=0.58,
    sharpen=0.55,
    noise=2.4,
)
"""A 2 m class sensor of the kind whose 8-bit products are common."""

VHR_B = Camera(
    "合成高分乙",
    ("blue", "green", "red", "nir"),
    (980.0, 1010.0, 1010.0, 520.0),
    (-10.0, -9.0, -10.0, 6.0),
    blur_px=0.64,
    sharpen=0.50,
    noise=2.4,
)
"""Another sensor: warmer, softer, lower contrast."""

MSI_10M = Camera(
    "合成多光谱",
    BANDS,
    (10000.0,) * 5,
    (0.0,) * 5,
    blur_px=0.45,
    noise=18.0,
    dtype="uint16",
    step=4,
)
"""Surface reflectance x 10,000 at 10 m, like Sentinel-2 L2A without its offset of 1,000."""

DRONE = Camera(
    "合成无人机",
    ("red", "green", "blue"),
    (570.0, 610.0, 590.0),
    (-6.0, -6.0, -7.0),
    blur_px=0.55,
    sharpen=0.3,
    noise=1.6,
    gamma=2.0,
)
"""The camera of a small drone: pictures for people, a few centimetres a pixel."""
