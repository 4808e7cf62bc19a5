"""The depot that the settings name: a folder, or a bucket."""

from pathlib import Path
from urllib.parse import urlsplit

from geo.errors import InputError
from leads.uploads.depot import Depot
from leads.uploads.local_depot import LocalDepot
from leads.uploads.s3_depot import S3Depot


def open_depot(originals: str, data_folder: Path) -> Depot:
    """The depot at `originals`: a folder, `s3://bucket/prefix`, or empty for one in `data_folder`.

    Touches nothing yet. Raises InputError for any other address.
    """
    if not originals:
        return LocalDepot(data_folder / "originals")
    parts = urlsplit(originals)
    if parts.scheme == "s3" and parts.netloc:
        return S3Depot(parts.netloc, parts.path)
    if "://" in originals:
        raise InputError(
            f"HONGXIAN_ORIGINALS of scheme {parts.scheme!a:.20}: give a folder or s3://bucket/prefix"
        )
    return LocalDepot(Path(originals).expanduser().absolute())
