#!/usr/bin/env python3
"""What `wasirun guard` costs: start-up beyond the bare command, in interleaved rounds, and the memory of the network supervisor's two halves.

guard.py [RUNTIME] [ROUNDS]. Everything stays in a network namespace of the bench's own (it starts itself again in one)."""
import glob, os, statistics, subprocess, sys, tempfile, time

COMMANDS = {
    "the command alone": None,
    "guard": [],
    "guard --connect 127.0.0.1:5": ["--connect", "127.0.0.1:5"],
    "guard --connect db.example:5": ["--connect", "db.example:5"],
}


def lap(argv):
    """Milliseconds that pass, and those of processor time, which say more on a busy machine. Halves of the supervisor are not in the latter."""
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ)
    _, status, used = os.wait4(pid, 0)
    if status:
        raise SystemExit("%s ended with %d" % (argv, status))
    return (time.perf_counter() - begin) * 1000, (used.ru_utime + used.ru_stime) * 1000


def start_up(runtime, root, rounds):
    took = {name: [] for name in COMMANDS}
    for i in range(rounds + 2):  # two to warm up
        for name, options in COMMANDS.items():
            ms = lap(["/bin/true"] if options is None else [runtime, "--root", root, "guard"] + options + ["--", "/bin/true"])
            if i > 1:
                took[name].append(ms)
    bare = [statistics.median(x) for x in zip(*took["the command alone"])]
    for name, both in took.items():
        wall, cpu = (statistics.median(x) for x in zip(*both))
        print("%-30s median %6.2f ms, beyond the command %6.2f ms; processor time %6.2f ms, beyond %6.2f ms" %
              (name, wall, wall - bare[0], cpu, cpu - bare[1]))


def supervisors(pids):
    """Those among the descendants of these processes: name by pid."""
    found = {}
    for pid in pids:
        try:
            with open("/proc/%d/comm" % pid, encoding="ascii") as f:
                name = f.read().strip()
            with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
                found.update(supervisors([int(child) for child in f.read().split()]))
        except OSError:
            continue
        if name in ("wasirun-network", "wasirun-inside"):
            found[pid] = name
    return found


def kilobytes(pid):
    rows = dict(line.split()[:2] for line in open("/proc/%s/smaps_rollup" % pid).read().splitlines()[1:])
    return int(rows["Rss:"]), int(rows["Pss:"])


def memory(runtime, root, n):
    running = [subprocess.Popen([runtime, "--root", root, "guard", "--connect", "127.0.0.1:5", "--", "/bin/sleep", "60"]) for _ in range(n)]
    end = time.time() + 30
    ours = [p.pid for p in running]
    while time.time() < end and len(supervisors(ours)) < 2 * n:
        time.sleep(0.1)
    time.sleep(1)
    for half in ("wasirun-network", "wasirun-inside"):
        sizes = [kilobytes(p) for p, name in supervisors(ours).items() if name == half]
        print("%2d sandbox%s %-16s each: RSS %5d KB, PSS %5d KB" % (n, "es:" if n > 1 else ":  ", half, statistics.mean(s[0] for s in sizes),
                                                                  statistics.mean(s[1] for s in sizes)))
    for p in running:
        p.terminate()
    for p in running:
        p.wait()


def main():
    if os.environ.get("GUARD_BENCH") != "inside":
        os.environ["GUARD_BENCH"] = "inside"
        os.execvp("unshare", ["unshare", "-n", sys.executable] + sys.argv)
    runtime = sys.argv[1] if len(sys.argv) > 1 else "build/wasirun"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    with tempfile.TemporaryDirectory() as root:
        start_up(runtime, root, rounds)
        for n in (1, 10):
            memory(runtime, root, n)


main()
