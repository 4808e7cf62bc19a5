"""What a made-up detector says of class and uncertainty, from its change map to list and file."""

import numpy as np
import pytest
from affine import Affine
from pyproj import Transformer
from sqlalchemy import Engine

from geo.change_class import ChangeClass
from geo.crs import CGCS2000, SHANGHAI_PLANE
from geo.dissolve import candidates_of, dissolve
from geo.geobox import GeoBox
from geo.raster import ChangeMap, Pair, Raster
from geo.tiling import tiles_of
from geo.vectorise import FULL, vectorise
from leads.documents.lead_table import lead_table
from leads.domain.classes import class_row
from leads.layers.record import layer_record
from leads.run.crossing import leads_of, stored_outlines
from leads.store.engine import reading, writing
from leads.store.export import read_whole_leads
from leads.store.lead_filter import LeadFilter, LeadOrder
from leads.store.lead_list import list_leads
from leads.store.leads import LeadDetail, read_lead
from tests.leads.documents.made_leads import make_record
from tests.leads.store.made_store import (
    ANALYST,
    NOW,
    SUMMARY,
    MadeRun,
    districts,
    file,
    red_line,
)

EAST, NORTH = Transformer.from_crs(CGCS2000, SHANGHAI_PLANE, always_xy=True).transform(
    121.602, 31.108
)
GRID = GeoBox(SHANGHAI_PLANE, Affine(2, 0, round(EAST), 0, -2, round(NORTH)), 64, 64)
TILE_PX = 24  # the second patch lies on a seam
SAID = (
    (ChangeClass.WASTE_HEAP, 0.25, slice(2, 14)),
    (ChangeClass.BUILDING_NEW, 0.75, slice(18, 30)),
    (ChangeClass.UNCLASSIFIED, 0.5, slice(40, 52)),
)


def made_up_detector(pair: Pair) -> ChangeMap:
    """Sees three squares, each of a class and an uncertainty of its own; a TileDetector."""
    shape = pair.geobox.shape
    probability = np.zeros(shape, np.float32)
    classes, unsure = np.zeros(shape, np.uint8), np.zeros(shape, np.float32)
    for change_class, uncertainty, where in SAID:
        probability[where, where] = 0.9
        classes[where, where] = change_class
        unsure[where, where] = uncertainty
    return ChangeMap(pair.geobox, probability, pair.observed, classes, unsure)


def detected() -> MadeRun:
    """A run with that detector, tile by tile."""
    seen = Raster(GRID, ("red",), np.zeros((1, 64, 64), np.float32), np.ones((64, 64), np.bool_))
    change = made_up_detector(Pair(seen, seen))
    patches = []
    for tile in tiles_of(GRID.shape, TILE_PX, 0):
        part = change.crop(*tile.core.slices, GRID.crop(tile.core))
        patches += vectorise(part, tile.core, 0.5, 1)
    layers = (districts(), red_line())
    record = make_record(layers=tuple(layer_record(layer) for layer in layers))
    candidates = candidates_of(dissolve(patches), GRID, 100.0, 50)
    seen = [record.before.date] * len(candidates)
    found = leads_of(candidates, stored_outlines(candidates), layers, record, seen)
    return MadeRun(found, record, SUMMARY, layers)


def details(store: Engine) -> list[LeadDetail]:
    """The stored leads, the most uncertain first."""
    with writing(store) as connection:
        page = list_leads(connection, ANALYST, LeadFilter(), LeadOrder.UNCERTAIN)
        return [read_lead(connection, ANALYST, row.lead_id, "test", NOW) for row in page.leads]


def test_class_and_uncertainty_reach_the_list(store: Engine) -> None:
    file(store, detected())
    found = details(store)
    stated = sorted(((unsure, kind) for kind, unsure, _ in SAID), reverse=True)
    assert [(lead.row.machine_class, lead.row.change_class) for lead in found] == [
        (kind, kind) for _, kind in stated
    ]
    for lead, (unsure, _) in zip(found, stated, strict=True):
        assert lead.row.uncertainty == pytest.approx(unsure, abs=1 / FULL)
        assert lead.observations[0].uncertainty == lead.row.uncertainty


def test_the_class_counts_on_the_score_card_and_names_the_department(store: Engine) -> None:
    file(store, detected())
    for lead in details(store):
        row = class_row(lead.row.machine_class)
        [item] = [one for one in lead.scorecard["items"] if one["item"] == "change_class"]
        assert (item["points"], item["raw"]) == (row.points, row.label)
        [rule] = [one for one in lead.scorecard["rules"] if one["rule"] == "eco_redline"]
        known = lead.row.machine_class is not ChangeClass.UNCLASSIFIED
        assert rule["holds"] is (True if known else None)
        assert bool(row.department) == known


def test_files_of_stored_leads_carry_both(store: Engine) -> None:
    file(store, detected())
    with writing(store) as connection:
        read = read_whole_leads(connection, ANALYST, LeadFilter(), NOW)
    table = lead_table(read.leads).set_index("change_class")
    for kind, unsure, _ in SAID:
        assert table.loc[kind.label, "uncertainty"] == pytest.approx(unsure, abs=1 / FULL)


def test_pages_of_one_lead_join(store: Engine) -> None:
    file(store, detected())
    joined, cursor = [], None
    with reading(store) as connection:
        for _ in SAID:
            page = list_leads(connection, ANALYST, LeadFilter(), LeadOrder.UNCERTAIN, 1, cursor)
            joined += [row.lead_id for row in page.leads]
            cursor = page.next_cursor
    assert cursor is None and joined == [lead.row.lead_id for lead in details(store)]
