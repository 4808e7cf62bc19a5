"""Curves of a training as a PNG: losses and learning rate against steps."""

import json
from pathlib import Path

from matplotlib.figure import Figure


def draw_curves(log: Path, out: Path) -> None:
    """Draw the log of a training (a JSON object per line); a step that came twice counts once."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    last = {int(line["step"]): line for line in lines}
    steps = sorted(last)
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    losses, rate = figure.subplots(1, 2, width_ratios=(3, 1))
    for key, text in (("change", "change: Dice + cross-entropy"), ("classes", "class: entropy")):
        losses.plot(steps, [last[step][key] for step in steps], label=text)
    losses.set(xlabel="step", ylabel="loss")
    losses.grid(alpha=0.3)
    losses.legend()
    rate.plot(steps, [last[step]["rate"] for step in steps])
    rate.set(xlabel="step", ylabel="learning rate")
    figure.savefig(out, dpi=110)
