"""Plant files for the benchmark of the line: lines of ten stations of five machines side by side,
each machine loaded to four fifths, with failures, heard over Sparkplug."""


def line_plant(machines, broker):
    """Machines in steps of five. `broker` is a URL or `embedded`."""
    text = ["plant: bench\nstart: 2026-01-05T06:00\nlimits: {lots: %d}\nstations:\n"
            % (machines * 4 + 500)]
    routes = []
    for number in range(machines // 5):
        if number % 10 == 0:
            routes.append([])
        name = "s%d" % number
        routes[-1].append(name)
        text.append("  %s: {machines: 5, process: lognormal 100 s sd 20 s, fails: [{name: jam, "
                    "every: exp 4 h, by: busy, repair: exp 10 min, lots: resume}]}\n" % name)
    text.append("products:\n")
    for number, route in enumerate(routes):
        text.append("  p%d: {route: [%s], release: {every: exp 25 s}}\n"
                    % (number, ", ".join(route)))
    text.append("listen:\n  sparkplug: {broker: \"%s\", group: bench, nodes: [line]}\n" % broker)
    return "".join(text)
