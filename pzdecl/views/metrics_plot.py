"""Metrics by version with their intervals, and learning curves, as a picture: PNG or SVG.

The colours are those of Okabe and Ito, which people with any colour vision can tell apart; a version keeps its
colour and its marker in all panels. Needs matplotlib, the extra `plot`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pzdecl.comparison import Compared, Comparison
from pzdecl.errors import MissingExtra, UsageError
from pzdecl.views.metrics import heading, in_order

SUFFIXES = (".png", ".svg")
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000", "#999999")
MARKERS = "osD^vP*X"
LINE = 0.32
"""Height of a version's line among a metric's, in inches."""
SHOWN = (
    "normalized_discounted_cumulative_gain_at_25",
    "mean_reciprocal_rank_at_25",
    "precision_at_5",
    "coverage",
    "average_rewards_at_k",
    "normalized_discounted_cumulative_gain_with_event_weights_at_25",
    "recall_at_1_percent",
    "trend_prediction_accuracy",
)
"""Metrics between 0 and 1 that stand for the rest; the same at other cut-offs would say little more."""

Look = dict[int, tuple[str, str]]
"""Colour and marker of each version."""


def check(file: Path) -> None:
    """Raises UsageError for a file that can't be drawn into, MissingExtra without matplotlib."""
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{file} can't be drawn", hint="name a file that ends in .png or .svg")
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{file.parent} is not a folder", hint="make it first, or name another file")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtra("matplotlib", "plot") from None


def draw(comparisons: Sequence[Comparison], file: Path) -> list[Path]:
    """Writes one picture for each dataset group: FILE, or FILE-GROUP where there are several."""
    several = len(comparisons) > 1
    written = []
    for one in comparisons:
        target = file.with_stem(f"{file.stem}-{one.group}") if several else file
        _save(figure(one), target)
        written.append(target)
    return written


def figure(comparison: Comparison) -> Any:
    """A matplotlib figure: metrics at the left, and learning curves at the right where any version has one."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    versions = [one for one in reversed(comparison.versions) if one.measured.metrics]
    names = [name for name in SHOWN if name in in_order(one.measured.metrics for one in versions)]
    learned = [one for one in versions if one.curve]
    rows = sum(len(_having(versions, name)) for name in names) + len(names)
    height = max(4.0, 1.6 + LINE * (rows + len(versions) / 2))
    fig = Figure(figsize=(12.5 if learned else 8.0, height), layout="constrained")
    fig.suptitle(f"{comparison.group}: offline metrics of the trained versions")
    panels = fig.subplots(1, 2 if learned else 1, squeeze=False)[0]
    look = {id(one): (COLOURS[n % len(COLOURS)], MARKERS[n % len(MARKERS)]) for n, one in enumerate(versions)}
    _metrics(panels[0], versions, names, look)
    if learned:
        _curves(panels[1], learned, look)
    lines = [Line2D([], [], color=look[id(o)][0], marker=look[id(o)][1], label=_label(o)) for o in versions]
    fig.legend(handles=lines, loc="outside lower left", frameon=False, fontsize="small", ncols=2)
    return fig


def _metrics(axes: Any, versions: Sequence[Compared], names: Iterable[str], look: Look) -> None:
    place, ticks, labels = 0.0, [], []
    for name in names:
        having = _having(versions, name)
        ticks.append(place + (len(having) - 1) / 2)
        labels.append(heading(name))
        for one in having:
            value, ends = one.measured.metrics[name], one.intervals.get(name)
            colour, marker = look[id(one)]
            spread = [[max(value - ends[0], 0)], [max(ends[1] - value, 0)]] if ends else None
            axes.errorbar(value, place, xerr=spread, fmt=marker, color=colour, capsize=3, markersize=6)
            place += 1
        axes.axhline(place, color="#dddddd", linewidth=0.8)
        place += 1
    axes.set_yticks(ticks, labels)
    axes.set_ylim(place - 1, -1)
    axes.set_xlim(left=0)
    axes.set_xlabel("value, with the 95% interval over what was tested")
    _plain(axes, "x")


def _curves(axes: Any, versions: Sequence[Compared], look: Look) -> None:
    from matplotlib.lines import Line2D

    for one in versions:
        colour, marker = look[id(one)]
        epochs = [point["epoch"] for point in one.curve]
        held = [point["validation_loss"] for point in one.curve]
        axes.plot(epochs, [point["loss"] for point in one.curve], color=colour, linestyle=":")
        axes.plot(epochs, held, color=colour, marker=marker, markersize=4)
        best = min(range(len(held)), key=held.__getitem__)
        axes.plot(epochs[best], held[best], marker="o", markersize=12, fillstyle="none", color=colour)
    axes.set_xlabel("epoch")
    axes.set_ylabel("cross-entropy of an event, nats")
    axes.xaxis.get_major_locator().set_params(integer=True)
    grey: dict[str, Any] = {"color": "#555555"}
    ring = Line2D([], [], marker="o", markersize=10, fillstyle="none", linestyle="", label="kept", **grey)
    solid = Line2D([], [], label="validation", **grey)
    dotted = Line2D([], [], linestyle=":", label="training", **grey)
    axes.legend(handles=[solid, dotted, ring], frameon=False, fontsize="small", loc="upper right")
    _plain(axes, "both")


def _plain(axes: Any, grid: str) -> None:
    axes.grid(axis=grid, color="#eeeeee")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _having(versions: Iterable[Compared], name: str) -> list[Compared]:
    return [one for one in versions if name in one.measured.metrics]


def _label(one: Compared) -> str:
    row = one.measured
    serving = f", serves {', '.join(row.serving)}" if row.serving else ""
    return f"{row.solution}/{row.version} ({row.recipe}{serving})"


def _save(fig: Any, file: Path) -> None:
    """Equal metrics give equal bytes: no dates, and ids of an SVG that do not change."""
    import matplotlib

    svg = file.suffix.lower() == ".svg"
    with matplotlib.rc_context({"svg.hashsalt": "pzdecl", "svg.fonttype": "none"}):
        fig.savefig(file, dpi=150, metadata={"Date": None} if svg else {"Software": None})
