#!/usr/bin/python3
"""sandbox.py - database sandboxes beside the bare server, pg_virtualenv and docker run of the same server, in one run.

    sudo make bench-sandbox [ROUNDS=15]

What is timed ends with the answer to a query, asked by a client of our own (db.py) that is there already. The contenders take turns.
"bare" is the server alone, from a data directory that is there: what nobody can be faster than.

Environment: RUNTIME, DOCKER_HOST (without it there is no docker row; `tests/bench/with-docker COMMAND` starts a daemon).
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import db  # noqa: E402

RUNTIME = os.path.abspath(os.environ.get("RUNTIME", "build/wasirun"))
PASSWORD = "bench-password"
PORT = 28000
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def ports():
    """One that nobody listens at."""
    global PORT
    while True:
        PORT += 1
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", PORT))
                return PORT
            except OSError:
                pass


def as_user(name):
    return {"user": name, "group": name, "extra_groups": []}


def run(*argv, **kw):
    p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **kw)
    if p.returncode:
        raise RuntimeError("%s: %s" % (" ".join(argv[:4]), (p.stderr or p.stdout).decode(errors="replace").strip()[-300:]))
    return p.stdout.decode()


def latest(*patterns):
    import glob
    for p in patterns:
        found = sorted(glob.glob(p))
        if found:
            return found[-1]
    return None


def pss(pids):
    """KiB that these processes have to themselves, shared pages by share."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
                total += sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))
        except OSError:
            pass
    return total


def tree(pid):
    """A process and all its descendants."""
    out = [pid]
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            for child in f.read().split():
                out += tree(int(child))
    except OSError:
        pass
    return out


def disk(path):
    """KiB that are allocated below path."""
    total = 0
    for at, _, files in os.walk(path):
        for name in files:
            total += os.lstat(os.path.join(at, name)).st_blocks // 2
    return total


class Bare:
    """The server alone."""
    title = "bare server"
    supervised = False

    def __init__(self, engine, work):
        self.engine, self.work = engine, os.path.join(work, "bare-" + engine)
        self.user = {"postgres": "postgres", "mariadb": "mysql", "redis": "redis"}[engine]
        self.master = os.path.join(self.work, "master")
        self.running = []
        os.makedirs(self.master)
        shutil.chown(self.work, self.user)
        shutil.chown(self.master, self.user)
        getattr(self, "make_" + engine)()

    def make_postgres(self):
        self.bin = os.path.dirname(latest("/usr/lib/postgresql/*/bin/postgres"))
        word = os.path.join(self.work, "password")
        with open(word, "w", encoding="ascii") as f:
            f.write(PASSWORD)
        run(self.bin + "/initdb", "-D", self.master, "-U", "postgres", "--auth=scram-sha-256", "--pwfile=" + word, "--no-sync",
            **as_user(self.user))

    def make_mariadb(self):
        run("mariadb-install-db", "--no-defaults", "--datadir=" + self.master, "--auth-root-authentication-method=normal",
            **as_user(self.user))
        with open(self.work + "/init.sql", "w", encoding="ascii") as f:
            f.write("SET PASSWORD FOR root@localhost = PASSWORD('%s');\n" % PASSWORD)

    def make_redis(self):
        pass

    def argv(self, data, port):
        return {
            "postgres": lambda: [self.bin + "/postgres", "-D", data, "-p", str(port), "-k", data, "-h", "127.0.0.1"],
            "mariadb": lambda: ["mariadbd", "--no-defaults", "--datadir=" + data, "--port=%d" % port, "--socket=" + data + "/s",
                                "--bind-address=127.0.0.1", "--init-file=" + self.work + "/init.sql"],
            "redis": lambda: ["redis-server", "--dir", data, "--port", str(port), "--requirepass", PASSWORD, "--save", ""],
        }[self.engine]()

    def prepare(self, n):
        out = []
        for i in range(n):
            data = os.path.join(self.work, "d%d" % i)
            subprocess.run(["cp", "-a", self.master, data], check=True)
            out.append((data, ports()))
        return out

    def start(self, one):
        data, port = one
        p = subprocess.Popen(self.argv(data, port), **QUIET, **as_user(self.user))
        self.running.append(p)
        database = {"postgres": "postgres", "mariadb": "", "redis": ""}[self.engine]
        db.until_answered(self.engine, ("127.0.0.1", port), "postgres" if self.engine == "postgres" else "root", PASSWORD, database)
        return p

    again = start  # its data are there

    def stop(self, _one, p):
        p.send_signal(signal.SIGINT if self.engine == "postgres" else signal.SIGTERM)
        p.wait()
        self.running.remove(p)

    def finish(self, one):
        shutil.rmtree(one[0], ignore_errors=True)

    def abandon(self):
        for p in self.running:
            p.kill()


class Sandbox:
    """wasirun sandbox up: create, start."""
    title = "wasirun"
    supervised = True

    def __init__(self, engine, work):
        self.engine, self.dir = engine, os.path.join(work, "sandboxes")
        self.disk = None
        self.count, self.there = 0, []
        self.sandbox("up", engine, "first", "--port", str(ports()))  # makes the template
        self.sandbox("destroy", "first")

    def sandbox(self, verb, *argv):
        return run(RUNTIME, "sandbox", verb, "--dir", self.dir, *argv)

    def prepare(self, n):
        self.count += n
        return [("s%d" % (self.count - i), ports()) for i in range(n)]

    def start(self, one):
        name, port = one
        self.there.append(name)
        self.sandbox("up", self.engine, name, "--port", str(port), "--password", PASSWORD)
        return self.answered(one)

    def again(self, one):
        self.sandbox("start", one[0])
        return self.answered(one)

    def answered(self, one):
        name, port = one
        user = {"postgres": "postgres", "mariadb": "root", "redis": "default"}[self.engine]
        db.until_answered(self.engine, ("127.0.0.1", port), user, PASSWORD, "" if self.engine != "postgres" else name + "_db")
        return name

    def stop(self, one, _handle):
        self.sandbox("stop", one[0])

    def memory(self, one, _handle):
        """Of all that runs only for this sandbox, but the server."""
        said = json.loads(self.sandbox("inspect", one[0], "--json"))
        return said["memory"]["overhead"] / 1024

    def finish(self, one):
        self.disk = disk(os.path.join(self.dir, one[0]))
        self.sandbox("destroy", one[0])
        self.there.remove(one[0])

    def abandon(self):
        for name in self.there:
            subprocess.run([RUNTIME, "sandbox", "destroy", "--dir", self.dir, "--force", name], check=False)


class PgVirtualenv:
    """Debian's own: makes a cluster, runs a command, removes it. Two that begin together may choose the same port, and one of them fails."""
    title = "pg_virtualenv"
    supervised = False
    side_by_side = False

    def __init__(self, engine, work):
        if engine != "postgres" or not shutil.which("pg_virtualenv"):
            raise LookupError
        self.work = work

    def prepare(self, n):
        return [None] * n

    def start(self, _one):
        script = "psql -qAtc 'select 42' >/dev/null && echo answered && read -r _"
        p = subprocess.Popen(["pg_virtualenv", "sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             text=True, cwd="/")
        if not any(line == "answered\n" for line in p.stdout):
            raise RuntimeError("pg_virtualenv failed: exit code %d" % p.wait())
        return p

    def stop(self, _one, p):
        p.communicate()

    def finish(self, _one):
        pass


class Docker:
    """docker run of an image with this machine's PostgreSQL, which makes its cluster first, as the official image does."""
    title = "docker run"
    supervised = True

    def __init__(self, engine, work):
        if engine != "postgres" or not os.environ.get("DOCKER_HOST") or not shutil.which("docker"):
            raise LookupError
        self.image = "wasirun-bench-postgres"
        root = os.path.join(work, "image")
        subprocess.run([os.path.join(os.path.dirname(__file__), "..", "engines", "db-tree"), "postgres", root], check=True)
        tar = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
        subprocess.run(["docker", "import", "-", self.image], stdin=tar.stdout, check=True, stdout=subprocess.DEVNULL)
        self.bin = os.path.dirname(latest("/usr/lib/postgresql/*/bin/postgres"))
        self.count = 0

    def prepare(self, n):
        self.count += n
        return [("bench%d" % (self.count - i), ports()) for i in range(n)]

    def start(self, one):
        name, port = one
        script = ("cd /tmp; echo %s >w; %s/initdb -D /tmp/d -U postgres --auth=scram-sha-256 --pwfile=w --no-sync >/dev/null;"
                  "exec %s/postgres -D /tmp/d -p %d -k /tmp -h 127.0.0.1" % (PASSWORD, self.bin, self.bin, port))
        run("docker", "run", "-d", "--name", name, "--net", "host", "--user", "postgres", self.image, "/bin/sh", "-c", script)
        db.until_answered("postgres", ("127.0.0.1", port), "postgres", PASSWORD, "postgres")
        return name

    def stop(self, one, _handle):
        run("docker", "stop", "-s", "INT", one[0])

    def memory(self, one, _handle):
        pid = int(run("docker", "inspect", "-f", "{{.State.Pid}}", one[0]))
        with open("/proc/%d/stat" % pid, encoding="ascii") as f:
            shim = int(f.read().rsplit(")", 1)[1].split()[1])
        return pss([shim])

    def finish(self, one):
        run("docker", "rm", "-f", one[0])


def measure(contender, rows):
    one = contender.prepare(1)[0]
    t = time.monotonic()
    handle = contender.start(one)
    rows["start"].append((time.monotonic() - t) * 1e3)
    if contender.supervised and len(rows["memory"]) < 3:
        time.sleep(2)  # what it is while nobody does anything: a supervisor gives its code back
        rows["memory"].append(contender.memory(one, handle))
    t = time.monotonic()
    contender.stop(one, handle)
    rows["stop"].append((time.monotonic() - t) * 1e3)
    if hasattr(contender, "again"):
        t = time.monotonic()
        handle = contender.again(one)
        rows["again"].append((time.monotonic() - t) * 1e3)
        contender.stop(one, handle)
    contender.finish(one)


def abandon(contenders):
    """After a failure nothing of ours may go on."""
    for c in contenders:
        if hasattr(c, "abandon"):
            c.abandon()


def together(contender, n, rows):
    those = contender.prepare(n)
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        t = time.monotonic()
        handles = list(pool.map(contender.start, those))
        rows["five"].append((time.monotonic() - t) * 1e3)
        for one, handle in zip(those, handles):
            contender.stop(one, handle)
            contender.finish(one)


LABELS = [("start", "to the first answered query, ms", "%.0f"), ("five", "five at once, all answered, ms", "%.0f"),
          ("stop", "stop, ms", "%.0f"), ("again", "started again, to the first answered query, ms", "%.0f"),
          ("memory", "memory beside the server (PSS), KiB", "%.0f"),
          ("disk", "disk of one that was started, KiB", "%.0f")]


def main():
    ap = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ap.add_argument("--rounds", type=int, default=int(os.environ.get("ROUNDS", "15")))
    ap.add_argument("--engines", default="postgres,mariadb,redis")
    ap.add_argument("--json", action="store_true")
    o = ap.parse_args()
    result = {}
    work = tempfile.mkdtemp(prefix="wr", dir="/var/tmp")
    os.chmod(work, 0o755)
    os.environ["WASIRUN_TEMPLATES"] = os.path.join(work, "templates")
    try:
        # Redis first: who makes the fewest files is disturbed the most by what the others had
        for engine in sorted(o.engines.split(","), key=lambda engine: engine != "redis"):
            place = os.path.join(work, engine)
            os.mkdir(place)
            if engine != "redis":  # its copies are of nothing
                keep_apart(place)
            result[engine] = bench(engine, o.rounds, place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    result = {engine: result[engine] for engine in o.engines.split(",")}
    if o.json:
        json.dump({"rounds": o.rounds, "cpus": os.cpu_count(), "kernel": os.uname().release, "engines": result}, sys.stdout, indent=1)
        print()
    else:
        show(result, o.rounds)


def keep_apart(work):
    """ext4 does not use an inode again that was deleted a minute ago, and goes past all of them, one by one, for each new file: the thousand
    files of each copy that the bare server had would slow down everybody else. Below a directory of this kind each one gets a block group
    of its own (whose first files cost a little, too)."""
    subprocess.run(["chattr", "+T", work], check=False, **QUIET)


def bench(engine, rounds, work):
    contenders, out = [], {}
    for kind in (Bare, Sandbox, PgVirtualenv, Docker):
        try:
            contenders.append(kind(engine, work))
        except LookupError:
            pass
    rows = {c.title: {key: [] for key, _, _ in LABELS} for c in contenders}
    try:
        rounds_of(contenders, rounds, rows)
    finally:
        abandon(contenders)
    for c in contenders:
        if isinstance(c, Sandbox):
            rows[c.title]["disk"].append(c.disk)
        out[c.title] = {k: round(statistics.median(v), 1) for k, v in rows[c.title].items() if v and None not in v}
    return out


def rounds_of(contenders, rounds, rows):
    for i in range(rounds):
        turn = contenders[i % len(contenders):] + contenders[:i % len(contenders)]
        for c in turn:
            slow = isinstance(c, (PgVirtualenv, Docker))
            if slow and i >= 5:
                continue
            try:
                measure(c, rows[c.title])
            except RuntimeError as e:
                if not slow:
                    raise
                print("%s, left out of this round: %s" % (c.title, e), file=sys.stderr)
                continue
            if getattr(c, "side_by_side", True) and (not slow or i < 2):
                together(c, 5, rows[c.title])


def show(result, rounds):
    for engine, titles in result.items():
        print("\n%s" % engine)
        print("%-48s" % "" + "".join("%15s" % t for t in titles))
        for key, label, form in LABELS:
            cells = "".join("%15s" % (form % v[key] if key in v else "") for v in titles.values())
            if cells.strip():
                print("%-48s" % label + cells)
    print("\nmedians of %d rounds (at most 5 of the slow ones), %d processors, Linux %s" % (rounds, os.cpu_count(), os.uname().release))


if __name__ == "__main__":
    main()
