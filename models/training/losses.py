"""What a training minimises: Dice and cross-entropy of change, cross-entropy of the classes.

Dice looks at all pixels of a batch together, so that the 2 % that change weigh as much as the rest
(F. Milletari et al., 2016); cross-entropy keeps single probabilities honest.
"""

import torch
from torch import Tensor, nn

from models.training.bank import ALIKE, UNKNOWN

ALIKE_WEIGHT = 4.0
"""Weight of a pixel that only looks like a change, in the cross-entropy: such are rare."""


def change_loss(logits: Tensor, changed: Tensor) -> Tensor:
    """Of logits (n, 1, y, x) against labels (n, y, x) of 1, 0, `ALIKE` or `UNKNOWN`."""
    sure = changed != UNKNOWN
    if not bool(sure.any()):
        return logits.sum() * 0
    said = logits[:, 0].float()[sure]
    truth = (changed[sure] == 1).float()
    probability = torch.sigmoid(said)
    dice = 1 - (2 * (probability * truth).sum() + 1) / (probability.sum() + truth.sum() + 1)
    weight = 1 + (ALIKE_WEIGHT - 1) * (changed[sure] == ALIKE).float()
    entropy = nn.functional.binary_cross_entropy_with_logits(said, truth, weight)
    return dice + entropy


def class_loss(logits: Tensor, classes: Tensor) -> Tensor:
    """Of logits (n, class, y/4, x/4) against codes (n, y, x); only where a class is known."""
    step = classes.shape[-1] // logits.shape[-1]
    codes = classes[:, step // 2 :: step, step // 2 :: step]
    known = (codes > 0) & (codes != UNKNOWN)
    if not bool(known.any()):
        return logits.sum() * 0
    said = logits.float().permute(0, 2, 3, 1)[known]
    return nn.functional.cross_entropy(said, codes[known].long() - 1)
