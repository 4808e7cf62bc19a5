"""torchvision beside a CPU build of torch: the one place it is imported.

The wheel's compiled operators are built for CUDA and do not load beside a CPU torch; its Python
part then registers shapes for operators that nobody declared, and the import fails. Declaring the
two schemas first lets transforms and backbones work; the operators themselves stay out of reach,
and nothing here uses them (pytorch/vision #9337).
"""

import contextlib

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_LIBRARY = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]

if torch.version.cuda is None:
    for _name in ("nms", "qnms"):
        with contextlib.suppress(RuntimeError):  # declared already: a build that does load
            _LIBRARY.define(_name + _SCHEMA)  # type: ignore[no-untyped-call]

from torchvision.models import resnet18  # noqa: E402 (only after the schemas)

__all__ = ["resnet18"]
