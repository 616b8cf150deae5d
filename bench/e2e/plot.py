"""The picture for the README: a few rows, one bar for each contender."""

PANELS = (
    ("ping-pong-64B-64-1core", "requests_per_s", "64 B ping-pong, 64 connections\nthousand requests/s, one core", 1e-3),
    ("bulk-down-16-1core", "gbit_per_s", "bulk, 16 connections\nGbit/s, one core", 1),
    ("connect-32-1core", "connections_per_s", "connect, request, close, 32 at once\nthousand/s, one core", 1e-3),
    ("bulk-down-16-2core", "cpu_ms_per_gb", "CPU of the proxy, bulk\nms/GB, less is better", 1),
    ("mixed-1core", "p99_us", "p99 of small messages beside bulk\nms, less is better", 1e-3),
    ("idle", "process_kib", "memory of an idle connection\nKiB in the process, less is better", 1),
)


def colour(name):
    if name.startswith("ringway") or name not in ("direct", "dnat", "haproxy", "haproxy-splice", "nginx"):
        return "#1f6feb"
    return "#8b949e" if name in ("direct", "dnat") else "#d29922"


def save(path, names, results, about):
    """Returns whether there was something to draw, and matplotlib to draw it."""
    try:
        import matplotlib  # pylint: disable=import-outside-toplevel
    except ImportError:
        return False
    matplotlib.use("svg")
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    panels = [panel for panel in PANELS if panel[0] in results.samples]
    if not panels:
        return False
    matplotlib.rcParams.update({"svg.hashsalt": "ringway", "font.size": 9})
    columns = min(3, len(panels))
    lines = -(-len(panels) // columns)
    figure, axes = pyplot.subplots(lines, columns, figsize=(4.2 * columns, 2.6 * lines), squeeze=False)
    for axis in axes.flat[len(panels):]:
        axis.axis("off")
    for axis, (key, metric, title, scale) in zip(axes.flat, panels):
        shown = [(name, value * scale) for name in names
                 if (value := results.median(key, name, metric)) is not None and not (key == "idle" and value == 0)]
        bars = axis.barh([name for name, _ in shown], [value for _, value in shown],
                         color=[colour(name) for name, _ in shown])
        axis.bar_label(bars, fmt="%.3g", padding=3)
        axis.invert_yaxis()
        axis.margins(x=0.18)
        axis.set_title(title, fontsize=9)
        axis.spines[["top", "right"]].set_visible(False)
    figure.text(0.01, 0.005, f"{about['cpu']}, Linux {about['kernel']}, {about['date'][:10]}", fontsize=7,
                color="#57606a")
    figure.tight_layout(rect=(0, 0.02, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    return True
