"""The documents say what is so: every command, option, module, link, version and record."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from api.cli.main import cli
from leads.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("geo", "tiles", "models", "leads", "api")
FOLDERS = (*PACKAGES, "tests", "docs", "notebooks", "data_samples")

LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED_PATH = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)`")
ONE_MACHINE = re.compile(r"(?<![\w.:/])/(?:root|work|tmp|home|Users)/")


def documents() -> list[Path]:
    tops = [ROOT, *(ROOT / folder for folder in ("notebooks", "data_samples"))]
    flat = (path for top in tops for path in top.glob("*.md"))
    return sorted([*flat, *(ROOT / "docs").rglob("*.md")])


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


DOCUMENTS = [named(path) for path in documents()]
RECORDS = [name for name in DOCUMENTS if re.match(r"docs/decisions/\d{4}-", name)]


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


COMMANDS = dict(commands(cli, "hongxian"))


def options(command: click.Command) -> list[str]:
    own = [p for p in command.params if isinstance(p, click.Option) and not p.hidden]
    return [max(option.opts, key=len) for option in own]


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name not in RECORDS])
def test_paths_that_are_named_exist(document: str) -> None:
    paths: list[str] = NAMED_PATH.findall(read(document))
    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", COMMANDS)
def test_every_command_and_option_is_in_the_docs(path: str) -> None:
    guides = [read(name) for name in DOCUMENTS if name not in RECORDS]
    about = "\n".join(text for text in guides if path in text)
    assert about, f"no document names `{path}`"
    missing = [
        o for o in options(COMMANDS[path]) if not re.search(rf"{re.escape(o)}(?![\w-])", about)
    ]
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_local_links_lead_somewhere(document: str) -> None:
    targets: list[str] = LINK.findall(read(document))
    local = [t.split("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]
    assert [t for t in local if not ((ROOT / document).parent / t).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_document_names_a_path_of_one_machine(document: str) -> None:
    assert ONE_MACHINE.findall(read(document)) == []


def test_the_readme_opens_with_the_two_commands_and_a_picture() -> None:
    opening = "\n".join(read("README.md").splitlines()[:30])
    assert "make demo" in opening and "make test" in opening and "![" in opening


def test_the_changelog_knows_this_version() -> None:
    version = VERSION
    headings = re.findall(r"^## \[([^\]]+)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert {version, "Unreleased"} & set(headings)


def test_every_pin_is_exact_and_given_once() -> None:
    lines = [line for line in read("constraints.txt").splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in lines)
    names = [line.split("==")[0] for line in lines]
    assert names == sorted(set(names))


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads(read("pyproject.toml"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[^\w-]", want)[0].lower() for want in wanted}
    pinned = {line.split("==")[0] for line in read("constraints.txt").splitlines()}
    assert names - pinned == set()


def test_records_are_numbered_without_a_gap() -> None:
    numbers = [int(Path(record).name[:4]) for record in RECORDS]
    assert numbers == list(range(1, len(numbers) + 1)) and numbers


@pytest.mark.parametrize("record", RECORDS)
def test_a_record_says_status_context_decision_and_consequences(record: str) -> None:
    headings = re.findall(r"^## (\w+)", read(record), re.MULTILINE)
    assert headings == ["Status", "Context", "Decision", "Consequences"]
