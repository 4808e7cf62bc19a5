"""What deliveries are called in messages: by where they lie below the root, wherever that is."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from geo.errors import HongxianError
from tiles.files.remote_url import is_remote
from tiles.sources.answer_words import without_folders
from tiles.sources.delivery_spec import DeliveriesSpec


def worded(text: str, spec: DeliveriesSpec, names: Mapping[Path, str], *folders: Path) -> str:
    """A text without this machine's folders.

    `names` holds what files are called that were copied here; `folders` are those that are written
    to. Files of the set-up (DEM, reference) keep their own names only.
    """
    for path in sorted(names, key=lambda one: len(str(one)), reverse=True):
        text = text.replace(str(path), names[path])
    own = [Path(root) for root in (spec.root,) if not is_remote(root)]
    beside = [one for one in (spec.heights.dem, spec.reference) if one and not is_remote(one)]
    return without_folders(text, *own, *folders, *(Path(one).parent for one in beside))


@contextmanager
def told_below(
    spec: DeliveriesSpec, names: Mapping[Path, str] | None = None, *folders: Path
) -> Iterator[None]:
    """Errors that pass through say what `worded` says."""
    try:
        yield
    except HongxianError as error:
        text = worded(str(error), spec, names or {}, *folders)
        if text == str(error):
            raise
        raise type(error)(text) from None
