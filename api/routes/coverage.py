"""Coverage: when each hectare of a district was last seen clear."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import Connection
from starlette.responses import Response

from api.accounts.rights import Right
from api.accounts.signed_in import may
from api.bodies.base import path_part
from api.bodies.coverage import CoverageMap, Coverages, DistrictCoverage
from api.context import Ctx
from api.openapi import ACCOUNT, problems
from geo.errors import NotFoundError
from leads.documents.coverage_map import COLOURS, coverage_png
from leads.domain.roles import Actor, Role
from leads.intake.coverage import Coverage, ages_of, step_names
from leads.intake.district_coverage import District, coverage_of, coverages, district_named
from leads.store.engine import reading
from leads.store.spot_codes import CHINA

BYTES = {"type": "string", "contentMediaType": "image/png"}

router = APIRouter(prefix="/api/coverage", tags=["imagery"])

Reader = Annotated[Actor, Depends(may(Right.COVERAGE))]
Code = Annotated[str, path_part("The district's GB/T 2260 code.", r"^[0-9]{6}$", "310151")]


@router.get("", operation_id="list_coverage", responses=problems(*ACCOUNT))
def all_districts(reader: Reader, ctx: Ctx) -> Coverages:
    """How long ago the hectares of each district were last seen clear; officers see their own."""
    today = _today(ctx.clock())
    with reading(ctx.engine) as connection:
        found = [_told(*one, today) for one in coverages(connection, today, _only(reader))]
    return Coverages(
        today=today, step_names=list(step_names()), colours=list(COLOURS), districts=found
    )


@router.get("/{code}", operation_id="read_coverage", responses=problems(*ACCOUNT, 404))
def one_district(code: Code, reader: Reader, ctx: Ctx) -> CoverageMap:
    """Where the picture of a district's coverage lies on the map."""
    with reading(ctx.engine) as connection:
        coverage = _covered(connection, code, reader, _today(ctx.clock()))
    return CoverageMap(corners=[list(corner) for corner in coverage.corners])


@router.get(
    "/{code}/map.png",
    operation_id="draw_coverage",
    response_class=Response,
    responses={
        200: {"content": {"image/png": {"schema": BYTES}}, "description": "One pixel per hectare."},
        **problems(*ACCOUNT, 404),
    },
)
def picture(code: Code, reader: Reader, ctx: Ctx) -> Response:
    """The picture: one pixel per hectare in the colour of its age, transparent elsewhere."""
    today = _today(ctx.clock())
    with reading(ctx.engine) as connection:
        coverage = _covered(connection, code, reader, today)
    return Response(coverage_png(coverage, today), media_type="image/png")


def _covered(connection: Connection, code: str, reader: Actor, today: date) -> Coverage:
    if _only(reader) not in (None, code):
        raise NotFoundError(f"no district {code} for this account")
    return coverage_of(connection, district_named(connection, code, today).outline, today)


def _only(reader: Actor) -> str | None:
    """The only district an officer sees; None for the city's desk."""
    return reader.unit if reader.role is Role.DISTRICT_OFFICER else None


def _told(district: District, coverage: Coverage, today: date) -> DistrictCoverage:
    ages = ages_of(coverage, today)
    return DistrictCoverage(
        district_code=district.code,
        district_name=district.name,
        hectares=ages.hectares,
        steps=list(ages.steps),
        median_days=ages.median_days,
        latest=ages.latest,
    )


def _today(now: datetime) -> date:
    return now.astimezone(CHINA).date()
