"""The image of a flight: an uploaded orthophoto, a NodeODM server's, or a quick look made here.

It is made in a hidden folder and kept there with its checksum: a resume takes it as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from geo.errors import SceneError
from leads.domain.flight import FileKind, Product
from leads.domain.job import Job
from leads.flights.nodeodm import NodeOdm
from leads.flights.odm_task import Done, GivenUp, OdmRecord, OdmTask, Waits, record_of
from leads.flights.originals import Originals
from leads.intake.place import fetched_before, keep_fetched
from leads.run.jobs.disk_guard import GB, DiskGuard
from leads.run.jobs.heartbeat import PATIENCE_S, Watch
from leads.run.runner import Runner, run_surely
from leads.store.engine import write
from leads.store.flight_files import FlightFile
from leads.store.jobs import save_record
from tiles.drone.made import Made
from tiles.drone.ortho_cog import make_orthophoto
from tiles.drone.orthophoto import RasterLook, look_at_raster
from tiles.drone.quick_look.quick_look import quick_look
from tiles.drone.read_photo import read_photo
from tiles.sources.source import Fetched

IMAGE = "image"
"""Of a flight's hidden folder: where its image is made; what it is compared on lies beside."""
_ODM_FILE = "odm.tif"
_PRODUCT = "hongxian:product"
_WHY_QUICK = "hongxian:quick_look_because"


@dataclass(slots=True)
class Maker:
    """Makes the image of one flight, from wherever an earlier start came to."""

    engine: Engine
    """The store."""
    job: Job
    """The flight's job."""
    watch: Watch
    """Looked at meanwhile."""
    guard: DiskGuard
    """Asked before and while is written."""
    runner: Runner
    """Where pixels are looked at."""
    originals: Originals
    """The flight's files."""
    clock: Callable[[], datetime]
    """Tells the present instant, UTC."""
    nodeodm: NodeOdm | None
    """Server that makes orthophotos; None: quick looks."""
    _record: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._record = dict(self.job.record or {})

    def make(self, name: str, gsd_m: float | None) -> Fetched | Waits:
        """The image in the folder IMAGE of the work folder, or what is waited for.

        `gsd_m`: how fine the photos are. Raises SceneError: no image can be made of these files.
        """
        folder = self.originals.work / IMAGE
        folder.mkdir(mode=0o700, exist_ok=True)
        before = fetched_before(folder)
        if before is not None:
            self.drop_task()
            return before
        rasters = self.originals.of_kind(FileKind.ORTHOPHOTO)
        photos = self.originals.of_kind(FileKind.PHOTO)
        if rasters:
            made = self._of_rasters(rasters, folder, Product.ORTHOPHOTO)
        elif photos:
            came = self._of_photos(photos, folder, name, gsd_m)
            if isinstance(came, Waits):
                return came
            made = came
        else:
            raise SceneError(
                "没有正射影像，也没有从空中垂直拍的照片 / "
                "no file is an orthophoto, or a photo that looks down from the air"
            )
        fetched = Fetched(
            made.bands,
            made.gsd_m,
            has_scl=False,
            reflectance=False,
            position_error_m=made.position_error_m,
            properties=made.properties,
            steps=made.steps,
        )
        keep_fetched(folder, fetched)
        self.drop_task()
        return fetched

    def drop_task(self) -> None:
        """Cancel and remove the flight's task on the server, if there is one; never in the way."""
        kept = self._task()
        if kept is not None and self.nodeodm is not None:
            self.nodeodm.drop(kept.uuid)

    def _check(self) -> None:
        self.watch.check()
        self.guard.check()

    def _of_rasters(self, files: Sequence[FlightFile], folder: Path, product: Product) -> Made:
        self.guard.ask(3 * sum(file.bytes for file in files) / GB)
        looks = [
            run_surely(self.runner, look_at_raster, str(self.originals.path(file)), file.name)
            for file in files
        ]
        return self._laid(looks, folder, product)

    def _laid(self, looks: Sequence[RasterLook], folder: Path, product: Product) -> Made:
        self._check()
        made = run_surely(self.runner, make_orthophoto, tuple(looks), folder)
        return _with(made, {_PRODUCT: product.value})

    def _of_photos(
        self, files: Sequence[FlightFile], folder: Path, name: str, gsd_m: float | None
    ) -> Made | Waits:
        why = None
        if self.nodeodm is not None:
            came = self._by_server(self.nodeodm, files, folder, name, gsd_m)
            if isinstance(came, Waits | Made):
                return came
            why = f"NodeODM 没有做出影像，先用快速成图 / a quick look: {came.why}"
        self.guard.ask(2 * sum(file.bytes for file in files) / GB)
        photos = [
            run_surely(self.runner, read_photo, self.originals.path(file), file.name)
            for file in files
        ]
        made = quick_look(photos, folder, self.runner, self._check)
        return _with(made, {_PRODUCT: Product.QUICK_LOOK.value, _WHY_QUICK: why})

    def _by_server(
        self,
        server: NodeOdm,
        files: Sequence[FlightFile],
        folder: Path,
        name: str,
        gsd_m: float | None,
    ) -> Made | Waits | GivenUp:
        target = folder.parent / _ODM_FILE
        if not target.exists():
            task = OdmTask(server, self._keep, self._check, self.guard.ask, self.clock)
            paths = partial(self._paths, files)
            came = task.advance(self._task(), paths, name, gsd_m, target)
            if not isinstance(came, Done):
                return came
        try:
            look = run_surely(self.runner, look_at_raster, str(target), "NodeODM's orthophoto")
            made = self._laid([look], folder, Product.ODM)
        except SceneError as error:
            return GivenUp(str(error))
        target.unlink(missing_ok=True)
        return made

    def _paths(self, files: Sequence[FlightFile]) -> list[Path]:
        return [self.originals.path(file) for file in files]

    def _keep(self, record: OdmRecord) -> None:
        """Write down how far the task is, under the lease."""
        self._record["odm"] = record.as_json()
        write(
            self.engine,
            lambda connection: save_record(connection, self.job.lease, self._record),
            repeatable=True,
            waits_s=PATIENCE_S,
        )

    def _task(self) -> OdmRecord | None:
        values: Mapping[str, Any] | None = self._record.get("odm")
        return None if values is None else record_of(values)


def _with(made: Made, properties: Mapping[str, Any]) -> Made:
    return replace(made, properties={**made.properties, **properties})
