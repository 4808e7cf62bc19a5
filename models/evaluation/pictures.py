"""The best and the worst cases as pictures: before | after | label | probability."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from geo.raster import Float, Mask
from models.evaluation.asked import Asked
from models.evaluation.case import Case, Source
from models.evaluation.conditions import under
from models.evaluation.detection import change_in, normalised
from models.evaluation.scores import as_table, scores
from models.evaluation.tally import Tally
from tiles.render import Picture, chip, png_bytes, stretch_of

SHOWN = 6
"""Cases of each kind."""
ENOUGH_CHANGE_PX = 50
"""F1 of a case with fewer changed pixels says little: it is not shown for its F1."""
PANEL_PX = 512
"""Longest edge of one panel; larger cases are shown smaller."""
CALLED, LABELLED = (255, 40, 40), (60, 230, 60)
"""Outlines of what was called change, and of what is, as red, green, blue."""
_GAP_PX, _TITLE_PX = 6, 18


@dataclass(frozen=True, slots=True)
class Choice:
    """One case to be shown."""

    title: str
    """Why: `best-1`, `worst-1`, `alarm-1`..."""
    index: int
    """Which case, from 0."""


def choose(tallies: Sequence[Tally], shown: int = SHOWN) -> list[Choice]:
    """The cases with the highest and lowest F1, of those with enough change, and the most alarm.

    Alarm is the area wrongly called change.
    """
    f1 = [scores(as_table([one.counts]))["f1"] for one in tallies]
    enough = [
        i
        for i, one in enumerate(tallies)
        if one.counts.hits + one.counts.misses >= ENOUGH_CHANGE_PX
    ]
    falling = sorted(enough, key=lambda i: -f1[i])
    alarm = [i for i, one in enumerate(tallies) if one.counts.false_alarms]
    alarm.sort(key=lambda i: -tallies[i].counts.false_alarms)
    lists: Mapping[str, list[int]] = {"best": falling, "worst": falling[::-1], "alarm": alarm}
    return [
        Choice(f"{name}-{rank}", i)
        for name, order in lists.items()
        for rank, i in enumerate(order[:shown], start=1)
    ]


def draw_chosen(
    choices: Sequence[Choice],
    sources: Sequence[Source],
    asked: Asked,
    each: Callable[[Callable[[Source], bytes], Iterable[Source]], Iterator[bytes]],
) -> Iterator[tuple[str, bytes]]:
    """(file name, PNG) of every choice; each case is looked at once more."""
    drawn = each(partial(_drawn, asked), [sources[choice.index] for choice in choices])
    for choice, png in zip(choices, drawn, strict=True):
        yield f"{choice.title}.png", png


def _drawn(asked: Asked, source: Source) -> bytes:
    case = under(asked.condition, source())
    change = change_in(normalised(case.pair), asked.detector(case.gsd_m))
    return png_bytes(strip(case, change.probability, asked.threshold))


def strip(case: Case, probability: Float, threshold: float) -> Picture:
    """Before, after, label and probability side by side, each with its name above.

    Green outlines what changed, red what was called change; the label's panel shows look-alikes in
    blue and what is not counted in grey.
    """
    called = case.counted & (probability >= threshold)
    dates = [chip(date, stretch_of(date)) for date in (case.pair.before, case.pair.after)]
    grey = np.where(case.counted, np.clip(probability, 0, 1) * 255, 96).astype(np.uint8)
    panels = {
        f"before  {case.name}": dates[0],
        "after": _outlined(_outlined(dates[1], case.changed, LABELLED), called, CALLED),
        "label": _label(case),
        "probability": _outlined(np.repeat(grey[..., None], 3, axis=2), case.changed, LABELLED),
    }
    return np.concatenate([_panel(title, image) for title, image in panels.items()], axis=1)


def _label(case: Case) -> Picture:
    image = np.zeros((*case.pair.geobox.shape, 3), dtype=np.uint8)
    image[~case.counted] = 96
    if case.lookalikes is not None:
        image[case.lookalikes > 0] = (70, 110, 220)
    image[case.changed & case.counted] = 255
    return image


def _outlined(image: Picture, mask: Mask, colour: tuple[int, int, int]) -> Picture:
    rings, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    drawn: Picture = cv2.drawContours(np.ascontiguousarray(image), rings, -1, colour, 1).astype(
        "u1"
    )
    return drawn


def _panel(title: str, image: Picture) -> Picture:
    """The image at a bearable size, under its title, with a gap to the right."""
    scale = PANEL_PX / max(image.shape[:2])
    size = [max(1, round(edge * scale)) for edge in image.shape[1::-1]]
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    shown = cv2.resize(image, size, interpolation=how)
    panel = np.full((size[1] + _TITLE_PX, size[0] + _GAP_PX, 3), 255, dtype=np.uint8)
    panel[_TITLE_PX:, : size[0]] = shown
    cv2.putText(
        panel, title, (2, _TITLE_PX - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (0, 0, 0), 1, cv2.LINE_AA
    )
    return panel
