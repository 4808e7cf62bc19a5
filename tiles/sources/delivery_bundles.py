"""Files to bundles: which files are one delivery, what each of them is, and what is not known."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from geo.errors import SceneError
from tiles.files.gdal_env import IMAGE_SUFFIXES
from tiles.sources.delivery_names import Family, Named, Role, named
from tiles.sources.delivery_store import Entry, Refused

ARCHIVES = (".tar.gz", ".tgz", ".tar")
"""Archives that are unpacked."""
_PACKED = (".zip", ".rar", ".7z", ".gz", ".bz2")
_QUIET = (".txt", ".md", ".pdf", ".html", ".csv", ".jpg", ".jpeg", ".png", ".xml", ".json", ".rpb")
_SIDE = (".shp", ".shx", ".dbf", ".prj", ".aux", ".ovr", ".geojson", ".done", ".ok", ".md5")


@dataclass(frozen=True, slots=True)
class Image:
    """One image of a bundle with what belongs to it."""

    entry: Entry
    """The file."""
    named: Named
    """What its name says."""
    rpc: Entry | None
    """File of its coefficients, where there is one."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """One delivery."""

    scene: str
    """Its id."""
    entries: tuple[Entry, ...]
    """All files that are used, by key."""
    colour: tuple[Image, ...] = ()
    """The image of several bands; several where a camera's parts come apart (GF-6 WFV)."""
    pan: Image | None = None
    """The fine grey image."""
    metadata: tuple[Entry, ...] = ()
    """The producer's files about it, the colour image's own first."""
    own: int = 0
    """How many of them are about the colour image."""
    udm2: Entry | None = None
    """Planet's mask."""
    archive: Named | None = None
    """What the name of an archive says; its files are not known yet."""
    is_plain: bool = False
    """An image, or a folder of band files, of no known producer."""

    @property
    def named(self) -> Named | None:
        """What its name says; None of a plain one."""
        return self.colour[0].named if self.colour else self.archive


def gather(listed: Iterable[Entry | Refused]) -> tuple[list[Bundle], list[Refused]]:
    """Bundles of all files, and what of them is not taken. Two scenes in one folder are two."""
    found_there = list(listed)
    entries = [one for one in found_there if isinstance(one, Entry)]
    scenes: dict[str, list[tuple[Entry, Named]]] = defaultdict(list)
    plain: dict[str, list[Entry]] = defaultdict(list)
    bundles: list[Bundle] = []
    refused = [one for one in found_there if isinstance(one, Refused)]
    for entry in sorted(entries, key=lambda one: one.key):
        low, found = entry.name.lower(), named(entry.name)
        if low.endswith(ARCHIVES):
            _archive(entry, found, bundles, refused)
        elif low.endswith(_PACKED):
            refused.append(Refused(entry.key, "packed in a way that is not opened; unpack it"))
        elif found is not None:
            scenes[f"{found.family.value}/{found.scene}"].append((entry, found))
        elif low.endswith(IMAGE_SUFFIXES) or (low.endswith(".json") and "manifest" not in low):
            plain[entry.folder].append(entry)
        elif not low.endswith((*_QUIET, *_SIDE)):
            refused.append(Refused(entry.key, "not recognised: neither image nor metadata"))
    for files in scenes.values():
        try:
            bundles.append(_bundle(files, refused))
        except SceneError as error:
            refused.append(Refused(files[0][0].folder or files[0][0].key, str(error)))
    _plain(plain, bundles, refused)
    return bundles, refused


def _archive(
    entry: Entry, found: Named | None, bundles: list[Bundle], refused: list[Refused]
) -> None:
    if found is not None and found.family == Family.GAOFEN:
        bundles.append(Bundle(found.scene, (entry,), archive=found))
    else:
        why = "not recognised: of archives only Gaofen's names say what is inside; unpack it"
        refused.append(Refused(entry.key, why))


def _bundle(files: Sequence[tuple[Entry, Named]], refused: list[Refused]) -> Bundle:
    """One delivery of its files. Raises SceneError: an image that is needed is not there."""
    kept: dict[str, tuple[Entry, Named]] = {}
    for entry, found in files:
        if entry.name in kept:
            twin = kept[entry.name][0].key
            refused.append(Refused(entry.key, f"a second copy of {twin}; remove one of the two"))
        else:
            kept[entry.name] = (entry, found)
    by_role: dict[Role, list[tuple[Entry, Named]]] = defaultdict(list)
    for one in kept.values():
        by_role[one[1].role].append(one)
    scene, family = files[0][1].scene, files[0][1].family
    pans, whole, coarse = (by_role[role] for role in (Role.PAN, Role.WHOLE, Role.MSS))
    if family == Family.PLANET:
        whole = sorted(whole, key=lambda one: one[1].version)[-1:]
    elif whole:
        pans, coarse = [], []  # colours are there in full detail
    colour = whole or coarse[:1]
    if not colour:
        raise SceneError(f"{scene}: {_lacks(by_role)}")
    about = colour[0][1].about
    _check_pan(scene, pans, by_role)
    metadata = sorted(by_role[Role.METADATA], key=lambda one: not _about(one, about))
    own = sum(_about(one, about) for one in metadata)
    udm2 = [entry for entry, _ in by_role[Role.UDM2]]
    rpcs = by_role[Role.RPC]
    images = tuple(Image(entry, found, _rpc(found, rpcs)) for entry, found in colour)
    pan = Image(*pans[0], _rpc(pans[0][1], rpcs)) if pans else None
    used = [
        *(image.entry for image in images),
        *(image.rpc for image in (*images, pan) if image is not None and image.rpc is not None),
        *((pan.entry,) if pan else ()),
        *(entry for entry, _ in metadata),
        *udm2[:1],
    ]
    unique = tuple(sorted(set(used), key=lambda one: one.key))
    return Bundle(
        scene,
        unique,
        images,
        pan,
        tuple(entry for entry, _ in metadata),
        own,
        udm2[0] if udm2 else None,
    )


def _lacks(by_role: dict[Role, list[tuple[Entry, Named]]]) -> str:
    have = ", ".join(sorted(role.value for role, found in by_role.items() if found)) or "nothing"
    if by_role[Role.PAN]:
        return f"PAN without MSS ({have}): one grey image shows no change; hand over the MSS too"
    return f"no image of several bands among its files ({have}); hand it over whole"


def _check_pan(
    scene: str,
    pans: Sequence[tuple[Entry, Named]],
    by_role: dict[Role, list[tuple[Entry, Named]]],
) -> None:
    """Refuse a PAN that is only named by what belongs to it."""
    side = [one for role in (Role.RPC, Role.METADATA) for one in by_role[role]]
    if pans or by_role[Role.WHOLE] or not any("PAN" in found.about for _, found in side):
        return
    raise SceneError(f"{scene}: the PAN image is missing, its metadata is there; copy it too")


def _about(one: tuple[Entry, Named], about: str) -> bool:
    """Whether a sidecar is about an image: Planet's names hold the product, others its part."""
    entry, found = one
    if found.family != Family.PLANET:
        return found.about == about
    low, product = entry.name.lower(), about.lower()
    return bool(about) and any(
        f"_{name}_metadata" in low for name in (product, product.replace("_sr", ""))
    )


def _rpc(image: Named, rpcs: Sequence[tuple[Entry, Named]]) -> Entry | None:
    own = [one for one in rpcs if _about(one, image.about)]
    return own[0][0] if own else None


def _plain(folders: dict[str, list[Entry]], bundles: list[Bundle], refused: list[Refused]) -> None:
    """Each folder of images is one delivery; at the root each image is."""
    for folder, files in folders.items():
        images = [one for one in files if one.name.lower().endswith(IMAGE_SUFFIXES)]
        if not images:
            continue
        if folder:
            bundles.append(Bundle(folder, tuple(files), is_plain=True))
            continue
        for one in images:
            if one.name.lower().endswith((".tif", ".tiff", ".jp2")):
                bundles.append(Bundle(one.key, (one,), is_plain=True))
            else:
                why = "not recognised: a picture without place; hand over GeoTIFF"
                refused.append(Refused(one.key, why))
