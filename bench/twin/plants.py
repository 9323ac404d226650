"""Plant files the benchmark needs, written as text into a temporary folder."""

# Load exactly 0.9, so that the mean time in system tends to 1 / (1 - 0.9) = 10 services.
MM1_SERVICE_S = 9
MM1_INTERARRIVAL_S = 10


def mm1():
    """One machine, unlimited queue, exponential times: the queue of the peers."""
    return """\
plant: mm1
limits: {lots: 2000}
stations:
  server: {process: exp %d s}
products:
  object: {route: [server], release: {every: exp %d s}}
""" % (MM1_SERVICE_S, MM1_INTERARRIVAL_S)


def mm1_duration(objects):
    """Time in which that many objects are expected to arrive."""
    return "%d s" % (objects * MM1_INTERARRIVAL_S)


def line(machines):
    """Lines of ten one-machine stations side by side, each with a product of its own, exponential
    times, load 0.8 everywhere. A station then holds 4 parts on average; the limit leaves room for
    twice that.
    """
    stations, products = [], []
    for first in range(0, machines, 10):
        names = ["m%05d" % index for index in range(first, min(first + 10, machines))]
        stations += ["  %s: {process: exp 8 s}\n" % name for name in names]
        products.append("  p%05d: {route: [%s], release: {every: exp 10 s}}\n"
                        % (first, ", ".join(names)))
    return """\
plant: lines_of_%d
limits: {lots: %d}
stations:
%sproducts:
%s""" % (machines, 8 * machines + 1000, "".join(stations), "".join(products))
