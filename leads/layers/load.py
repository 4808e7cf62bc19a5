"""Reading strangers' layers in a child process that may not take too much memory or time."""

from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

from geo.errors import LayerError, WorkerError
from leads.layers.read import LayersRead, read_files
from leads.layers.unpack import content_sha256, vector_files
from tiles.limited import Limits, run_limited

READING_LIMITS = Limits(memory_mb=12_288, seconds=600)
"""Room for some two million parcels: 600,000 took 1.5 GB and 49 s on one busy core."""


def load_layers(paths: Sequence[Path], limits: Limits = READING_LIMITS) -> LayersRead:
    """All layers of files, archives and folders, read in one limited child process.

    Archives are unpacked here, with their own caps, for the child may not write. Raises LayerError
    for anything that cannot be read or trusted, also when reading passes the limits.
    """
    if not paths:
        return LayersRead((), (), _sha256(paths))
    shown = ", ".join(path.name for path in paths)
    with ExitStack() as stack:
        files = [file for path in paths for file in stack.enter_context(vector_files(path))]
        try:
            layers, notes = run_limited(read_files, tuple(files), limits=limits)
        except WorkerError as error:
            raise LayerError(f"{shown}: reading it failed, {error}; the file is broken") from None
    return LayersRead(layers, notes, _sha256(paths))


def _sha256(paths: Sequence[Path]) -> str:
    if len(paths) == 1:
        return content_sha256(paths[0])
    return sha256("\n".join(content_sha256(path) for path in paths).encode()).hexdigest()
