"""Every notebook runs to its end, from a fresh kernel, and keeps no output in the repository."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from api.client import Client, Step, log_in
from leads.domain.roles import Role
from tests.notebooks.conftest import ROOT, Desk

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
REVIEW_DESK = ROOT / "notebooks" / "02_review_desk.ipynb"

# the first is submitted as the first class, the second as the second, the third and fourth are
# discarded, the fifth is judged and undone
PRESSED = "l s 1 l s 2 x 8 x 1 x 2 k u"

# what the widget says when a polygon was clicked; the second one crosses itself
DRAWN = """
corners = [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]]
review.widget._handle_custom_msg({"drawn": corners}, [])
assert np.allclose(review.widget.rings, [[*corners, corners[0]]], atol=1e-6)
assert review.widget.before.startswith(b"\\x89PNG") and review.widget.after != review.widget.before
crossed = [[0, 0], [1, 1], [1, 0], [0, 1]]
review.widget._handle_custom_msg({"drawn": crossed}, [])
assert "no valid polygon" in review.widget.lines[-1]
review.widget._handle_custom_msg({"key": "s"}, [])
assert "press l" in review.widget.lines[-1] and not review.widget.choices
review.widget._handle_custom_msg({"key": "u"}, [])
assert not review.outlines and not review.verdicts
"""


def open_notebook(path: Path) -> NotebookClient:
    notebook = nbformat.read(path, as_version=4)
    return NotebookClient(notebook, timeout=280, resources={"metadata": {"path": str(ROOT)}})


def place_of(client: NotebookClient, tag: str) -> int:
    """Where the cell with this tag is."""
    return next(n for n, cell in enumerate(client.nb.cells) if tag in cell.metadata.get("tags", ()))


def printed(client: NotebookClient, tag: str) -> str:
    """What the cell with this tag left behind."""
    outputs = client.nb.cells[place_of(client, tag)].outputs
    texts = [out.get("text", "") or out.data["text/plain"] for out in outputs]
    return "\n".join(texts)


def by_account(desk: Desk, role: Role) -> Client:
    return log_in(desk.url, role.value, desk.passwords[role])


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the client's own sockets and loops warn
@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p != REVIEW_DESK], ids=lambda p: p.stem)
def test_notebook_runs(path: Path) -> None:
    open_notebook(path).execute()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_review_desk_writes_verdicts_back(desk: Desk) -> None:
    client = open_notebook(REVIEW_DESK)
    client.nb.cells.insert(1 + place_of(client, "widget"), nbformat.v4.new_code_cell(DRAWN))
    taken_away: list[str] = []

    def take_one_away(cell: NotebookNode, cell_index: int) -> None:  # noqa: ARG001  (nbclient's)
        """Before the batch is written, a dispatcher takes the second lead from the analyst."""
        if "write-back" in cell.metadata.get("tags", ()):
            analyst, dispatcher = by_account(desk, Role.ANALYST), by_account(desk, Role.DISPATCHER)
            lead = analyst.read("/api/review")["mine"][1]
            dispatcher.take(Step(lead["lead_id"], lead["version"], "release"))
            taken_away.append(lead["lead_id"])

    client.on_cell_start = take_one_away
    environment = desk.environment(Role.ANALYST)
    client.execute(env={**environment, "HONGXIAN_REVIEW_KEYS": PRESSED})

    assert len(taken_away) == 1
    written = printed(client, "write-back")
    assert written.count("done") == 4 and written.count("faster") == 1, written
    analyst = by_account(desk, Role.ANALYST)
    found = {lead["lead_id"]: lead for lead in analyst.read("/api/leads", limit=200)["leads"]}
    by_status = [lead["status"] for lead in found.values()]
    assert by_status.count("pending_dispatch") == 1 and by_status.count("discarded") == 2
    assert by_status.count("desk_review") == 0
    assert found[taken_away[0]]["status"] == "candidate"
    submitted = next(one for one in found.values() if one["status"] == "pending_dispatch")
    steps = [event["action"] for event in analyst.lead(submitted["lead_id"])["events"]]
    assert steps[-3:] == ["claim", "redraw", "submit"]
    assert '"pairs": 3' in printed(client, "labels")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_the_review_desk_judges_nothing_by_itself(desk: Desk) -> None:
    with pytest.raises(Exception, match="judge some leads first"):
        open_notebook(REVIEW_DESK).execute(env=desk.environment(Role.ANALYST))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    assert [
        cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs
    ] == []
