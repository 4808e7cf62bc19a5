"""The sheet: one HTML file that shows the leads of a run to people, without network or script."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from geo.errors import HongxianError, InputError
from geo.zone import ZoneLayer
from leads.documents.chip_pair import ChipPair
from leads.documents.lead_card import lead_cards
from leads.documents.map_sketch import map_sketch
from leads.documents.run_facts import layer_lines, not_checked, run_facts
from leads.documents.whole_file import check_place, written_whole
from leads.documents.wording import NOT_EVIDENCE, SCORE_STEPS, Words
from leads.domain.classes import class_rows
from leads.domain.lead import Lead
from leads.domain.run_record import RunRecord
from leads.domain.run_summary import RunSummary

TITLE = Words("疑似问题图斑线索单", "Sheet of leads: suspected-problem spots")
"""Title of a sheet unless another is given."""


def check_sheet(path: Path) -> None:
    """Refuse a sheet that could not be written, before the long work.

    Raises InputError on another extension than .html, or a folder that takes no file.
    """
    if path.suffix.lower() not in {".html", ".htm"}:
        raise InputError(f"{path.name}: the sheet is an HTML file: use .html")
    check_place(path)


def by_score(leads: Sequence[Lead]) -> tuple[Lead, ...]:
    """Leads in the order of the sheet: highest score first, then by id."""
    return tuple(sorted(leads, key=lambda lead: (-lead.score, lead.lead_id)))


def write_sheet(
    path: Path,
    leads: Sequence[Lead],
    chips: Mapping[str, ChipPair],
    record: RunRecord,
    summary: RunSummary,
    layers: Sequence[ZoneLayer],
    title: Words = TITLE,
    detailed: int = 60,
) -> None:
    """Write the sheet of a run; `chips` are looked up by lead id.

    All leads are on the sketch and in the table; the first `detailed` by score also have a card
    with pictures. The same input gives the same bytes. An old file is replaced; on failure it
    stays, and nothing else.

    Raises InputError as `check_sheet` does, HongxianError when writing fails.
    """
    check_sheet(path)
    page = sheet_html(leads, chips, record, summary, layers, title, detailed)
    try:
        with written_whole(path) as draft:
            draft.write_text(page, encoding="utf-8")
    except OSError as error:
        raise HongxianError(f"could not write {path}: {error.strerror or error}") from error


def sheet_html(
    leads: Sequence[Lead],
    chips: Mapping[str, ChipPair],
    record: RunRecord,
    summary: RunSummary,
    layers: Sequence[ZoneLayer],
    title: Words = TITLE,
    detailed: int = 60,
) -> str:
    """The sheet as text; see `write_sheet`."""
    ordered = by_score(leads)
    used = {lead.change_class for lead in leads}
    return _template().render(
        title=title,
        warning=NOT_EVIDENCE,
        facts=run_facts(record, summary),
        layers=layer_lines(layers),
        gaps=not_checked(record, summary, layers),
        sketch=map_sketch(ordered, layers, record.plan.grid, detailed),
        classes=[row for row in class_rows() if row.code in used],
        steps=SCORE_STEPS,
        cards=lead_cards(ordered, chips, record.layers, detailed),
        detailed=detailed,
        before=record.before.date.isoformat(),
        after=record.after.date.isoformat(),
    )


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("leads", "documents"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("sheet.html.j2")
