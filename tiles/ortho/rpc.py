"""Rational polynomial coefficients: from longitude, latitude and height to row and column.

The form is that of RPC00B (NIMA STDI-0002, appendix E): two quotients of polynomials of degree
three in normalised coordinates. Read from `.rpb`, from `_RPC.TXT` and from the TIFF tag 50844.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.rpc import RPC

from geo.errors import SceneError

Floats = NDArray[np.float64]

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RPB_FIELD = re.compile(rf"(\w+)\s*=\s*({_NUMBER})\s*;?", re.ASCII)
_RPB_LIST = re.compile(r"(\w+)\s*=\s*\(([^)]*)\)", re.ASCII)
_TXT_FIELD = re.compile(rf"([A-Z_]+(?:_\d+)?)\s*[:=]\s*({_NUMBER})", re.ASCII)
_RPB_NAMES = {
    "lineOffset": "LINE_OFF",
    "sampOffset": "SAMP_OFF",
    "latOffset": "LAT_OFF",
    "longOffset": "LONG_OFF",
    "heightOffset": "HEIGHT_OFF",
    "lineScale": "LINE_SCALE",
    "sampScale": "SAMP_SCALE",
    "latScale": "LAT_SCALE",
    "longScale": "LONG_SCALE",
    "heightScale": "HEIGHT_SCALE",
    "errBias": "ERR_BIAS",
    "errRand": "ERR_RAND",
}
_RPB_LISTS = {
    "lineNumCoef": "LINE_NUM_COEFF",
    "lineDenCoef": "LINE_DEN_COEFF",
    "sampNumCoef": "SAMP_NUM_COEFF",
    "sampDenCoef": "SAMP_DEN_COEFF",
}
_EARTH_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Rpc:
    """One image's coefficients."""

    offsets: tuple[float, float, float, float, float]
    """Of row, column, latitude, longitude (degrees) and height (metres over the ellipsoid)."""
    scales: tuple[float, float, float, float, float]
    """In the same order."""
    row_top: tuple[float, ...]
    """20 coefficients of the row's numerator."""
    row_bottom: tuple[float, ...]
    """20 of its denominator."""
    col_top: tuple[float, ...]
    """20 coefficients of the column's numerator."""
    col_bottom: tuple[float, ...]
    """20 of its denominator."""
    bias_m: float | None = None
    """Error that all points share, RMS in metres per axis, as stated; None: not stated."""
    random_m: float | None = None
    """Error of single points, RMS in metres per axis, as stated; None: not stated."""

    def __post_init__(self) -> None:
        lists = (self.row_top, self.row_bottom, self.col_top, self.col_bottom)
        numbers = [*self.offsets, *self.scales, *(n for part in lists for n in part)]
        if {len(part) for part in lists} != {20} or not all(map(math.isfinite, numbers)):
            raise SceneError("RPC: needs four times 20 coefficients, all of them numbers")
        if min(self.scales) <= 0 or not any(self.row_bottom) or not any(self.col_bottom):
            raise SceneError(f"RPC: scales {self.scales} and denominators must not be zero")
        if abs(self.offsets[2]) > 90 or abs(self.offsets[3]) > 180:
            raise SceneError(
                f"RPC: latitude {self.offsets[2]}, longitude {self.offsets[3]}: no place on Earth"
            )

    def project(self, lon: Floats, lat: Floats, height: Floats) -> tuple[Floats, Floats]:
        """(rows, columns) of points on the ground; (0, 0) is the middle of the first pixel."""
        known = terms(
            (lat - self.offsets[2]) / self.scales[2],
            (lon - self.offsets[3]) / self.scales[3],
            (height - self.offsets[4]) / self.scales[4],
        )
        row = np.tensordot(self.row_top, known, 1) / np.tensordot(self.row_bottom, known, 1)
        col = np.tensordot(self.col_top, known, 1) / np.tensordot(self.col_bottom, known, 1)
        return row * self.scales[0] + self.offsets[0], col * self.scales[1] + self.offsets[1]

    def ground(self, row: float, col: float, height: float) -> tuple[float, float]:
        """(longitude, latitude) of a pixel at a height, by Newton's method.

        Raises SceneError where there is none: the coefficients are broken.
        """
        lat, lon = self.offsets[2], self.offsets[3]
        step = 1e-5
        for _ in range(30):
            at = np.array([lon, lon + step, lon]), np.array([lat, lat, lat + step])
            rows, cols = self.project(*at, np.full(3, height))
            slope = np.array([rows[1:] - rows[0], cols[1:] - cols[0]]) / step
            miss = np.array([row - rows[0], col - cols[0]])
            if not np.isfinite(slope).all() or abs(np.linalg.det(slope)) < 1e-12:
                break
            move = np.clip(np.linalg.solve(slope, miss), -0.5, 0.5)
            lon, lat = lon + move[0], lat + move[1]
            if np.abs(move).max() < 1e-10:
                return float(lon), float(lat)
        raise SceneError(f"RPC: no ground for row {row:.0f}, column {col:.0f}: they are broken")

    def gsd_m(self) -> float:
        """Ground length of a pixel's edge in the middle of the image: square root of its area."""
        lon, lat = self.ground(self.offsets[0], self.offsets[1], self.offsets[4])
        return float(1 / math.sqrt(abs(np.linalg.det(self._slopes(lon, lat)[0]))))

    def lean(self) -> float:
        """Metres that the ground moves aside in the image for each metre of height.

        The tangent of the angle between the ray and the vertical, taken from the coefficients.
        """
        lon, lat = self.ground(self.offsets[0], self.offsets[1], self.offsets[4])
        plane, by_height = self._slopes(lon, lat)
        return float(np.hypot(*np.linalg.solve(plane, by_height)))

    def _slopes(self, lon: float, lat: float) -> tuple[Floats, Floats]:
        """Pixels (row, column) for each metre east and north (2, 2), and for each metre up (2)."""
        step = 1.0
        north = math.degrees(step / _EARTH_M)
        east = north / math.cos(math.radians(lat))
        rows, cols = self.project(
            np.array([lon, lon + east, lon, lon]),
            np.array([lat, lat, lat + north, lat]),
            self.offsets[4] + np.array([0.0, 0.0, 0.0, step]),
        )
        moved = np.array([rows[1:] - rows[0], cols[1:] - cols[0]])
        return moved[:, :2], moved[:, 2]

    @property
    def as_rasterio(self) -> RPC:
        """The same for GDAL."""
        return RPC(
            line_off=self.offsets[0],
            samp_off=self.offsets[1],
            lat_off=self.offsets[2],
            long_off=self.offsets[3],
            height_off=self.offsets[4],
            line_scale=self.scales[0],
            samp_scale=self.scales[1],
            lat_scale=self.scales[2],
            long_scale=self.scales[3],
            height_scale=self.scales[4],
            line_num_coeff=list(self.row_top),
            line_den_coeff=list(self.row_bottom),
            samp_num_coeff=list(self.col_top),
            samp_den_coeff=list(self.col_bottom),
            err_bias=self.bias_m,
            err_rand=self.random_m,
        )


def rpc_of_text(text: str, name: str) -> Rpc:
    """Coefficients of a `.rpb` or `_RPC.TXT` file. Raises SceneError: incomplete or broken."""
    values: dict[str, float] = {}
    lists = {_RPB_LISTS[key]: body for key, body in _RPB_LIST.findall(text) if key in _RPB_LISTS}
    if lists:
        fields = _RPB_FIELD.findall(_RPB_LIST.sub("", text))
        values = {_RPB_NAMES[key]: float(number) for key, number in fields if key in _RPB_NAMES}
        for key, body in lists.items():
            numbers = re.findall(_NUMBER, body)
            values |= {f"{key}_{i}": float(number) for i, number in enumerate(numbers, start=1)}
    else:
        values = {key: float(number) for key, number in _TXT_FIELD.findall(text)}
    return _rpc(values, name)


def rpc_of_tags(tags: RPC | None, name: str) -> Rpc | None:
    """Coefficients that a TIFF carries inside, or None. Raises SceneError where they are broken."""
    if tags is None:
        return None
    return _checked(
        name,
        (tags.line_off, tags.samp_off, tags.lat_off, tags.long_off, tags.height_off),
        (tags.line_scale, tags.samp_scale, tags.lat_scale, tags.long_scale, tags.height_scale),
        [tags.line_num_coeff, tags.line_den_coeff, tags.samp_num_coeff, tags.samp_den_coeff],
        (tags.err_bias, tags.err_rand),
    )


def _rpc(values: Mapping[str, float], name: str) -> Rpc:
    axes = ("LINE", "SAMP", "LAT", "LONG", "HEIGHT")
    try:
        return _checked(
            name,
            tuple(values[f"{axis}_OFF"] for axis in axes),
            tuple(values[f"{axis}_SCALE"] for axis in axes),
            [[values[f"{key}_{number}"] for number in range(1, 21)] for key in _RPB_LISTS.values()],
            (values.get("ERR_BIAS"), values.get("ERR_RAND")),
        )
    except KeyError as error:
        raise SceneError(
            f"{name}: RPC without {error.args[0]}: cut short, or of another form; fetch it again"
        ) from None


def _checked(
    name: str,
    offsets: tuple[float, ...],
    scales: tuple[float, ...],
    lists: list[list[float]],
    errors: tuple[float | None, float | None],
) -> Rpc:
    known = [None if error is None or not 0 <= error < 1e6 else error for error in errors]
    try:
        row, col, lat, lon, height = offsets
        each = scales[0], scales[1], scales[2], scales[3], scales[4]
        tops = [tuple(part) for part in lists]
        model = Rpc((row, col, lat, lon, height), each, tops[0], tops[1], tops[2], tops[3])
        return replace(model, bias_m=known[0], random_m=known[1])
    except SceneError as error:
        raise SceneError(f"{name}: {error}") from None


def terms(lat: Floats, lon: Floats, height: Floats) -> Floats:
    """The 20 terms in RPC00B's order, (20, ...)."""
    p, l, h = lat, lon, height  # noqa: E741  (the names of the standard)
    one = np.ones_like(p)
    low = [one, l, p, h, l * p, l * h, p * h, l * l, p * p, h * h]
    high = [p * l * h, l**3, l * p * p, l * h * h, l * l * p, p**3, p * h * h]
    return np.array([*low, *high, l * l * h, p * p * h, h**3])
