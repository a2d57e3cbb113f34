#!/usr/bin/python3
"""bench.py - wasirun beside the other runtimes of this machine and beside the kernel's own floor, in one run.

Round i runs every contender once per row, in an order that rotates and turns round, so that what disturbs the machine, the kernel's
cleaning up after the one before included, disturbs all of them alike. What is printed are the median and the 10th and 90th percentile. Everything happens in a private mount namespace; nothing stays behind.

Environment: RUNTIME, CRUN, RUNC, BWRAP name the binaries (an empty value leaves one out), TOOLS the directory of floor, lap, payload.
"""
import argparse
import ctypes
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
MS_REC, MS_PRIVATE, CLONE_NEWNS = 0x4000, 0x40000, 0x20000
SETTLE = 0.004  # seconds: the kernel takes network namespaces down after their last process has ended
CAPS = ["CAP_AUDIT_WRITE", "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD",
        "CAP_NET_BIND_SERVICE", "CAP_SETFCAP", "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]
LIMITS = {
    "memory": {"limit": 268435456},
    "cpu": {"shares": 512, "quota": 50000, "period": 100000},
    "pids": {"limit": 100},
    "devices": [
        {"allow": False, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 5, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 3, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 9, "access": "rwm"},
        {"allow": True, "type": "c", "major": 1, "minor": 8, "access": "rwm"},
        {"allow": True, "type": "c", "major": 5, "minor": 0, "access": "rwm"},
        {"allow": True, "type": "c", "major": 5, "minor": 1, "access": "rwm"},
        {"allow": False, "type": "c", "major": 10, "minor": 229, "access": "rwm"},
    ],
}
MASKED = ["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
          "/proc/sched_debug", "/proc/scsi", "/sys/firmware"]
READONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]


class Failed(Exception):
    pass


def mounts():
    """The same as mounts[] in floor.c."""
    return [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs",
         "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm",
         "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    ]


def config(program, resources=None, seccomp=None, engine=False):
    """A config.json. engine: with the masked and read-only paths and the cgroup mount that engines always ask for."""
    linux = {"namespaces": [{"type": t} for t in ("pid", "mount", "network", "ipc", "uts", "cgroup")]}
    mnt = mounts()
    if resources:
        linux["resources"] = resources
    if seccomp:
        linux["seccomp"] = seccomp
    if engine:
        linux["maskedPaths"], linux["readonlyPaths"] = MASKED, READONLY
        mnt.append({"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup",
                    "options": ["nosuid", "noexec", "nodev", "relatime", "ro"]})
    return {
        "ociVersion": "1.0.2",
        "process": {"terminal": False, "user": {"uid": 0, "gid": 0}, "args": [program], "env": ["PATH=/bin"], "cwd": "/",
                    "capabilities": {s: CAPS for s in ("bounding", "effective", "permitted")}, "noNewPrivileges": True},
        "root": {"path": "rootfs", "readonly": False}, "hostname": "bench", "mounts": mnt, "linux": linux,
    }


class Stopwatch:
    """lap.c: runs commands and says what they took."""

    def __init__(self, tool, work):
        self.tool, self.errfile = tool, os.path.join(work, "stderr")

    def call(self, flags, argv):
        out = subprocess.run([self.tool, *flags, self.errfile, *argv], stdout=subprocess.PIPE, timeout=60, check=False)
        rows = [[int(x) for x in line.split()] for line in out.stdout.decode().splitlines()]
        if out.returncode or not rows or any(r[-1] for r in rows):
            with open(self.errfile, encoding="utf-8", errors="replace") as f:
                why = f.read().strip() or "exit status %s" % [r[-1] for r in rows]
            raise Failed("%s: %s" % (os.path.basename(argv[0]), why.splitlines()[-1]))
        return rows

    def seconds(self, *commands):
        """Runs the commands one after the other; returns the seconds of each."""
        argv = []
        for c in commands:
            argv += ([","] if argv else []) + c
        return [r[0] / 1e9 for r in self.call([], argv)]

    def kib(self, command):
        return self.call(["-m"], command)[0][:2]


class Contender:
    """One program; command() returns what to run for a row, or None where it has nothing of the kind."""

    def __init__(self, name, path, bench):
        self.name, self.path, self.bench, self.serial = name, path, bench, 0

    def commands(self, row):
        return None

    def prepare(self):
        pass

    def finish(self):
        pass


class Floor(Contender):
    def commands(self, row):
        return [[self.path, self.bench.rootfs, "/bin/true"]] if row in ("run", "memory") else None


class Bubblewrap(Contender):
    def commands(self, row):
        if row not in ("run", "memory"):
            return None
        return [[self.path, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup", "--hostname", "bench",
                 "--bind", self.bench.rootfs, "/", "--proc", "/proc", "--dev", "/dev", "--mqueue", "/dev/mqueue",
                 "--perms", "1777", "--tmpfs", "/dev/shm", "--ro-bind", "/sys", "/sys", "/bin/true"]]


class Oci(Contender):
    def __init__(self, name, path, bench):
        super().__init__(name, path, bench)
        self.base = [path, "--root", os.path.join(bench.work, "state-" + name)]
        self.running = "bench-%s-%d" % (name, os.getpid())

    def make(self, verb, bundle, cid):
        return [*self.base, verb, "--bundle", os.path.join(self.bench.work, bundle), cid]

    def commands(self, row):
        self.serial += 1
        cid = "bench-%s-%d-%d" % (self.name, os.getpid(), self.serial)
        if row in ("run", "limits", "seccomp", "engine"):
            return [self.make("run", row, cid)]
        if row == "memory":
            return [self.make("run", "engine", cid)]
        if row == "life":
            return [self.make("create", "pause", cid), [*self.base, "start", cid], [*self.base, "delete", "--force", cid]]
        if row == "exec":
            return [[*self.base, "exec", self.running, "/bin/true"]]
        return [[*self.base, "state", self.running]]

    def prepare(self):
        """A container that stays, for exec and state."""
        self.bench.watch.seconds(self.make("create", "pause", self.running), [*self.base, "start", self.running])

    def finish(self):
        subprocess.run([*self.base, "delete", "--force", self.running], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=60, check=False)

    def waiting_pss(self):
        """KiB of the process that waits for start, after create."""
        cid = self.running + "-wait"
        self.bench.watch.seconds(self.make("create", "pause", cid))
        try:
            out = subprocess.run([*self.base, "state", cid], stdout=subprocess.PIPE, timeout=60, check=True).stdout
            with open("/proc/%d/smaps_rollup" % json.loads(out)["pid"], encoding="ascii") as f:
                return int(re.search(r"^Pss:\s+(\d+) kB", f.read(), re.M).group(1))
        finally:
            self.bench.watch.seconds([*self.base, "delete", "--force", cid])


TIMED = [
    ("run", "run /bin/true"),
    ("limits", "  + memory, cpu, pids, devices"),
    ("seccomp", "  + an engine's seccomp profile"),
    ("engine", "  + masks, cgroup mount"),
    ("life", "create + start + delete"),
    ("exec", "exec /bin/true"),
    ("state", "state"),
]


class Bench:
    def __init__(self, rounds, tools, only):
        self.rounds, self.only = rounds, only
        self.work = tempfile.mkdtemp(prefix="wasirun-bench.")
        self.rootfs = os.path.join(self.work, "rootfs")
        self.notes, self.samples, self.figures = [], {}, {}
        private_mounts(self.work)
        self.watch = Stopwatch(os.path.join(tools, "lap"), self.work)
        self.bundles(os.path.join(tools, "payload"))
        self.contenders = self.find(os.path.join(tools, "floor"))

    def bundles(self, payload):
        for d in ("bin", "proc", "dev", "sys"):
            os.makedirs(os.path.join(self.rootfs, d))
        for name in ("true", "pause"):
            shutil.copy(payload, os.path.join(self.rootfs, "bin", name))
        with open(os.path.join(HERE, "seccomp.json"), encoding="utf-8") as f:
            profile = json.load(f)
        for name, conf in (("run", config("/bin/true")), ("limits", config("/bin/true", LIMITS)),
                           ("seccomp", config("/bin/true", LIMITS, profile)),
                           ("engine", config("/bin/true", LIMITS, profile, engine=True)), ("pause", config("/bin/pause"))):
            os.mkdir(os.path.join(self.work, name))
            os.symlink(self.rootfs, os.path.join(self.work, name, "rootfs"))
            conf["root"]["path"] = self.rootfs
            with open(os.path.join(self.work, name, "config.json"), "w", encoding="utf-8") as f:
                json.dump(conf, f)

    def find(self, floor):
        found = []
        for name, kind, var, default in (("wasirun", Oci, "RUNTIME", "build/wasirun"), ("crun", Oci, "CRUN", "crun"),
                                         ("runc", Oci, "RUNC", "runc"), ("bwrap", Bubblewrap, "BWRAP", "bwrap"),
                                         ("floor", Floor, "FLOOR", floor)):
            wanted = os.environ.get(var, default)
            if not wanted or (self.only and name not in self.only):
                continue
            path = shutil.which(wanted)
            if not path:
                self.notes.append("%s: %s is not installed" % (name, wanted))
                continue
            c = kind(name, os.path.abspath(path), self)
            try:
                c.prepare()
                found.append(c)
            except Failed as e:
                c.finish()
                self.notes.append(str(e))
        return found

    def measure(self):
        rows = [(r, c) for r, _ in TIMED for c in self.contenders if c.commands(r)]
        bad = set()
        for row, c in rows:  # once before counting: caches are warm, and what does not work is found out
            try:
                self.watch.seconds(*c.commands(row))
            except Failed as e:
                bad.add((row, c))
                self.notes.append("%s: %s" % (row, e))
        for i in range(self.rounds):
            for row, _ in TIMED:
                able = [c for r, c in rows if r == row and (r, c) not in bad]
                k = i % len(able) if able else 0
                for c in (able[k:] + able[:k])[::1 - 2 * (i & 1)]:
                    time.sleep(SETTLE)
                    took = self.watch.seconds(*c.commands(row))
                    self.samples.setdefault(row, {}).setdefault(c.name, []).append(took)

    def memory(self):
        for c in self.contenders:
            try:
                own, tree = zip(*[self.watch.kib(c.commands("memory")[0]) for _ in range(5)])
                self.figure("peak", c.name, statistics.median(own))
                self.figure("tree", c.name, statistics.median(tree))
                if isinstance(c, Oci):
                    self.figure("waiting", c.name, statistics.median([c.waiting_pss() for _ in range(5)]))
            except Failed as e:
                self.notes.append("memory: %s" % e)
            self.figure("binary", c.name, self.stripped(c.path))

    def figure(self, row, name, value):
        self.figures.setdefault(row, {})[name] = value

    def stripped(self, path):
        copy = os.path.join(self.work, "stripped")
        if shutil.which("strip") is None:
            shutil.copy(path, copy)
        else:
            subprocess.run(["strip", "-o", copy, path], check=True)
        return os.path.getsize(copy) / 1024

    def close(self):
        for c in getattr(self, "contenders", []):
            c.finish()
        subprocess.run(["umount", "-l", self.work], check=False)
        os.rmdir(self.work)

    def summary(self):
        """{row: {contender: {median, p10, p90}}}, milliseconds, and KiB."""
        out = {}
        for row, by in self.samples.items():
            for name, laps in by.items():
                ms = sorted(sum(l) * 1000 for l in laps)
                out.setdefault(row, {})[name] = {"median": statistics.median(ms), "p10": ms[len(ms) // 10], "p90": ms[len(ms) * 9 // 10]}
                if len(laps[0]) > 1:
                    out[row][name]["parts"] = [statistics.median(p) * 1000 for p in zip(*laps)]
        for row, by in self.figures.items():
            out[row] = {name: {"median": v} for name, v in by.items()}
        return out


def private_mounts(work):
    libc = ctypes.CDLL(None, use_errno=True)

    def must(r, what):
        if r != 0:
            raise OSError(ctypes.get_errno(), "%s: %s" % (what, os.strerror(ctypes.get_errno())))

    must(libc.unshare(CLONE_NEWNS), "unshare")
    must(libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None), "make / private")
    must(libc.mount(b"tmpfs", work.encode(), b"tmpfs", 0, None), "tmpfs")
    huge = "/sys/fs/cgroup/hugetlb"
    # crun 1.8 refuses a hybrid machine without this hierarchy
    if os.path.isdir("/sys/fs/cgroup/memory") and not os.path.exists(huge + "/tasks"):
        try:
            os.makedirs(huge, exist_ok=True)
        except OSError:
            return
        libc.mount(b"cgroup", huge.encode(), b"cgroup", 0, b"hugetlb")


def ratio(row, name, to):
    return "%.2f" % (row[name]["median"] / row[to]["median"]) if name in row and to in row else ""


def table(s, names):
    lines = [["", *names, "wasirun/crun", "wasirun/floor"]]
    for row, label in TIMED:
        cells = ["%.2f (%.2f-%.2f)" % (v["median"], v["p10"], v["p90"]) if v else "" for v in (s.get(row, {}).get(n) for n in names)]
        lines.append([label + ", ms", *cells, ratio(s.get(row, {}), "wasirun", "crun"), ratio(s.get(row, {}), "wasirun", "floor")])
    for row, label in (("peak", "peak memory of the runtime, KiB"), ("tree", "the same, all its processes, KiB"),
                       ("waiting", "init that waits for start, PSS KiB"), ("binary", "stripped binary, KiB")):
        cells = ["%.0f" % v["median"] if v else "" for v in (s.get(row, {}).get(n) for n in names)]
        lines.append([label, *cells, ratio(s.get(row, {}), "wasirun", "crun"), ""])
    widths = [max(len(l[i]) for l in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths))).rstrip())


def main():
    p = argparse.ArgumentParser(description="wasirun beside crun, runc, bubblewrap and the kernel's floor")
    p.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "100")), help="samples per row and contender (100)")
    p.add_argument("--only", help="contenders, comma separated")
    p.add_argument("--json", action="store_true", help="print all figures as JSON")
    a = p.parse_args()
    if os.geteuid() != 0:
        sys.exit("bench: must run as root (it makes containers)")
    bench = Bench(a.rounds, os.environ.get("TOOLS", "build/tests/bench"), a.only.split(",") if a.only else None)
    try:
        bench.measure()
        bench.memory()
        s = bench.summary()
        names = [c.name for c in bench.contenders]
    finally:
        bench.close()
    if a.json:
        print(json.dumps({"rounds": a.rounds, "kernel": os.uname().release, "rows": s, "notes": bench.notes}, indent=1))
    else:
        print("%d rounds, interleaved; median (10th-90th percentile)" % a.rounds)
        table(s, names)
    for n in bench.notes:
        print("note: " + n, file=sys.stderr)
    return 1 if any("wasirun" in n for n in bench.notes) else 0


if __name__ == "__main__":
    sys.exit(main())
