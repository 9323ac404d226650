"""Results as Markdown, for docs/BENCHMARKS.md, and as JSON beside each other."""
import json
import os

from measure import machine_slug

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(os.path.dirname(HERE), "results")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def number(value, digits=3):
    if value is None:
        return ""
    if isinstance(value, int):
        return "{:,}".format(value)
    return "{:.{}f}".format(value, digits)


def range_of(spread, digits=3):
    if spread is None:
        return ""
    return "%s (%s to %s)" % tuple(number(spread[key], digits) for key in ("median", "min", "max"))


def millions(value):
    return "" if value is None else "%.3g M" % (value / 1e6)


def times(value):
    return "" if value is None else ("%.1fx" % value if value < 100 else "%.0fx" % value)


def comparison(section):
    """One row per side: times of the whole process, rate, our ratio to it, what came out."""
    facts = section["facts"]
    rows = []
    for side in section["sides"]:
        if "absent" in side:
            rows.append([side["name"], "not available here (%s)" % side["absent"]]
                        + [""] * (5 + len(facts)))
            continue
        rows.append([side["name"], range_of(side["user_s"]), range_of(side["wall_s"]),
                     millions(side.get("rate_per_user_s")), millions(side.get("rate_inside_run")),
                     times(side.get("ours_is_faster")),
                     times(side.get("ours_is_faster_by_wall"))]
                    + [number(side["facts"].get(key), digits) for key, _, digits in facts])
    header = ["side", "user s: median (min to max)", "wall s: median (min to max)",
              section["unit"] + "/user s", section["unit"] + "/s inside the run",
              "Lineshaft is faster by", "by wall"] + [label for _, label, _ in facts]
    text = table(header, rows)
    versions = ["- %s: %s" % (side["name"], side["version"])
                for side in section["sides"] if side.get("version")]
    return text + ("\n\n" + "\n".join(versions) if versions else "")


def scaling(section):
    rows = [[str(row["workers"]), range_of(row["wall_s"]), "%.2fx" % row["speedup"],
             str(row.get("hash") or "")] for row in section["rows"]]
    return table(["workers", "wall s: median (min to max)", "speed-up", "hash"], rows)


def sizes(section):
    rows = []
    for row in section["rows"]:
        if "absent" in row:
            rows.append([number(row["machines"]), row["absent"], "", "", ""])
            continue
        rows.append([number(row["machines"]), number(row["ns_per_event"]["median"], 1),
                     number(row["events"]), number(row["lots_done"]),
                     number(row.get("state_bytes"))])
    return table(["machines", "ns/event (median)", "events", "lots done", "state, bytes"], rows)


def fork(section):
    rows = [[str(row["plant"]), number(row["state_bytes"]), number(row["fork_ns"]["median"], 0),
             number(row["memcpy_ns"]["median"], 0),
             "%.2fx" % (row["fork_ns"]["median"] / row["memcpy_ns"]["median"])]
            for row in section["rows"]]
    return table(["plant", "state, bytes", "fork ns", "memcpy ns", "fork/memcpy"], rows)


def plain(section):
    """Header and rows as the section gives them."""
    return table(section["header"], section["rows"])


BODIES = {"comparison": comparison, "scaling": scaling, "sizes": sizes, "fork": fork,
          "table": plain}


def markdown(result):
    machine = result["machine"]
    parts = ["Machine: %s, %d usable CPUs, %s, load %s at start. %s. Lineshaft: %s."
             % (machine["cpu"], machine["cpus"], machine["system"], machine["load_1min_at_start"],
                result["harness"], result["lineshaft"])]
    for section in result["sections"]:
        parts.append("### " + section["title"])
        if section.get("note"):
            parts.append(section["note"])
        if section.get("command"):
            parts.append("    " + section["command"])
        if "absent" in section:
            parts.append("Skipped: " + section["absent"])
        else:
            parts.append(BODIES[section["kind"]](section))
        for bar in section.get("bars", []):
            parts.append("- %s: %s, %s" % (bar["what"], bar["value"],
                                           "met" if bar["met"] else "NOT MET"))
    return "\n\n".join(parts) + "\n"


def write_whole(path, value):
    """All of it or nothing of it, as JSON."""
    with open(path + ".part", "w", encoding="utf-8") as target:
        json.dump(value, target, indent=1, sort_keys=True)
        target.write("\n")
    os.replace(path + ".part", path)


def save(result, output, name):
    """Into `output`, or bench/results/NAME-MACHINE.json; where it stands then."""
    path = output or os.path.join(RESULTS, "%s-%s.json" % (name, machine_slug(result["machine"])))
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    write_whole(path, result)
    return path
