#!/usr/bin/env python3
"""The M/M/1 queue in SimPy 4: one arrival process, one server process, one unlimited store.

Poisson arrivals at rate 0.9, exponential service at rate 1, empty start; the run ends when the last
object has left. Prints one JSON object. The mean time in system tends to 1 / (1 - 0.9) = 10.
"""
import argparse
import json
import platform
import random
import time

import simpy

ARRIVAL_RATE = 0.9
SERVICE_RATE = 1.0


def arrivals(env, queue, rng, count):
    for _ in range(count):
        yield env.timeout(rng.expovariate(ARRIVAL_RATE))
        yield queue.put(env.now)


def server(env, queue, rng, count, sojourn):
    for _ in range(count):
        arrived_at = yield queue.get()
        yield env.timeout(rng.expovariate(SERVICE_RATE))
        sojourn[0] += env.now - arrived_at


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--objects", type=int, default=1000000)
    options.add_argument("--seed", type=int, default=1)
    args = options.parse_args()

    # One stream per source, as in the other engines' models.
    arrival_rng = random.Random(2 * args.seed)
    service_rng = random.Random(2 * args.seed + 1)
    sojourn = [0.0]
    env = simpy.Environment()
    queue = simpy.Store(env)
    env.process(arrivals(env, queue, arrival_rng, args.objects))
    done = env.process(server(env, queue, service_rng, args.objects, sojourn))
    started = time.perf_counter()
    env.run(until=done)
    print(json.dumps({
        "objects": args.objects,
        "mean_time_in_system": sojourn[0] / args.objects,
        "run_wall_s": time.perf_counter() - started,
        "engine": "SimPy " + simpy.__version__,
        "interpreter": platform.python_implementation() + " " + platform.python_version(),
    }))


if __name__ == "__main__":
    main()
