"""The text that lies beside the sample set."""

from collections import Counter
from datetime import date

from geo.geobox import GeoBox
from tiles.synthetic.event import Lookalike
from tiles.synthetic.ground import Ground

_TEXT = """# 示例数据（合成）

全部为程序合成，种子 {seed}，与任何真实地块、企业或个人无关。重新生成（同样的库版本下逐字节一致）：

    python -m tiles.synthetic data_samples --seed {seed}

| 文件 | 内容 |
|---|---|
| `vhr/before.tif` | {before}，2 m，blue/green/red/nir，{width} x {height}，EPSG:4549 |
| `vhr/after.tif` | {after}，同一格网，另一种传感器；有意偏移：东 {east} m、北 {north} m |
| `s2/<日期>/B02 B03 B04 B08 B11 SCL.tif` | 10 m 多光谱（反射率 x 10,000）；8 月一期有云 |
| `layers.gpkg` | 图层：每类每版一张表，EPSG:4490；名称均带“合成示例” |
| `truth.tif` | `vhr` 两期之间的真实变化，编码见 `geo/change_class.py`，0 为无变化 |
| `lookalikes.tif` | 不属于关注变化的相似现象：{lookalikes} |

真实变化（地物：处数）：{changes}

红线 2023 版自 2023-06-19 起施行，位于两期影像之间：部分线索会标 `edition_ambiguous`。

---
English: a synthetic sample set, reproducible with the command above. `truth.tif` holds change
classes between the two 2 m images, `lookalikes.tif` what merely resembles them (codes above).
The later 2 m image is displaced by {east} m east and {north} m north on purpose.
"""


def readme(
    ground: Ground, geobox: GeoBox, days: tuple[date, date], shift_m: tuple[float, float]
) -> str:
    """The README of a sample set, as Markdown."""
    counts = Counter(event.kind for event in ground.events if event.is_change)
    changes = "、".join(f"{kind.label} {counts[kind]}" for kind in sorted(counts))
    alike = (kind for kind in Lookalike if kind not in {Lookalike.NONE, Lookalike.AFLOAT})
    lookalikes = "、".join(f"{kind.value} {kind.label}" for kind in alike)
    return _TEXT.format(
        seed=ground.seed,
        width=geobox.width,
        height=geobox.height,
        before=days[0],
        after=days[1],
        east=shift_m[0],
        north=shift_m[1],
        changes=changes,
        lookalikes=lookalikes,
    )
