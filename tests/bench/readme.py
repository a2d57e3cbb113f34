#!/usr/bin/python3
"""readme.py [sandbox] - writes the figures of `bench.py --json` (or of `sandbox.py --json`) into the READMEs, between their bench marks.

    sudo make bench-readme [ROUNDS=300]             on a quiet machine
    sudo make bench-sandbox-readme [ROUNDS=15]
"""
import json
import os
import re
import subprocess
import sys

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
NAMES = ["wasirun", "crun", "runc", "bwrap", "floor"]
TEXT = {
    "README.md": {
        "floor": "floor", "of": "of crun",
        "run": "`run` /bin/true, six namespaces, no limits, ms",
        "limits": "the same with memory, cpu, pids and device limits, ms",
        "seccomp": "and with an engine's seccomp profile, ms",
        "engine": "and with masked paths and a cgroup mount, ms",
        "life": "create + start + delete, ms",
        "exec": "exec /bin/true, ms",
        "state": "state, ms",
        "peak": "peak memory of the runtime, KiB",
        "tree": "the same, all its processes, KiB",
        "waiting": "an init that waits for start (PSS), KiB",
        "binary": "stripped binary, KiB",
        "foot": "Medians of {rounds} rounds in which all take turns (`sudo make bench ROUNDS={rounds}`), on {cpus} processors, Linux {kernel}, cgroup "
                "{cgroup}. The floor\nis a program of ours that does nothing but clone3, the same mounts, pivot_root and exec "
                "(`tests/bench/floor.c`).\nOn another machine the ratios differ: run it on yours.",
    },
    "docs/README.es.md": {
        "floor": "suelo", "of": "de crun",
        "run": "`run` /bin/true, seis espacios de nombres, sin límites, ms",
        "limits": "lo mismo con límites de memoria, cpu, pids y dispositivos, ms",
        "seccomp": "y con el perfil seccomp de un motor, ms",
        "engine": "y con rutas ocultas y montaje de cgroups, ms",
        "life": "create + start + delete, ms",
        "exec": "exec /bin/true, ms",
        "state": "state, ms",
        "peak": "memoria máxima del programa, KiB",
        "tree": "lo mismo, todos sus procesos, KiB",
        "waiting": "un init que espera a start (PSS), KiB",
        "binary": "binario sin símbolos, KiB",
        "foot": "Medianas de {rounds} rondas en las que todos se turnan (`sudo make bench ROUNDS={rounds}`), con {cpus} procesadores, Linux {kernel}, "
                "cgroup {cgroup}.\nEl suelo es un programa propio que solo hace clone3, los mismos montajes, pivot_root y exec\n"
                "(`tests/bench/floor.c`). En otra máquina las proporciones cambian: conviene repetirlo en la propia.",
    },
}
ROWS = ["run", "limits", "seccomp", "engine", "life", "exec", "state", "peak", "tree", "waiting", "binary"]


def version(name):
    program = os.environ.get({"crun": "CRUN", "runc": "RUNC", "bwrap": "BWRAP"}[name], name)
    try:
        out = subprocess.run([program, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return name
    found = re.search(r"\d+\.\d+[.\d]*", out)
    return "%s %s" % ("bubblewrap" if name == "bwrap" else name, found.group(0) if found else "")


def cell(row, name):
    v = row.get(name)
    if not v:
        return ""
    return ("%.1f" if "p10" in v else "%.0f") % v["median"]


def table(data, text):
    rows = data["rows"]
    head = ["", "wasirun", version("crun"), version("runc"), version("bwrap"), text["floor"], text["of"]]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * 6]
    for key in ROWS:
        row = dict(rows.get(key, {}))
        if key == "binary":
            row.pop("floor", None)
        of = "%.2f" % (row["wasirun"]["median"] / row["crun"]["median"]) if "wasirun" in row and "crun" in row else ""
        lines.append("| " + " | ".join([text[key], *(cell(row, n) for n in NAMES), of]) + " |")
    cgroup = "v2" if not os.path.isdir("/sys/fs/cgroup/memory") else "v1"
    foot = text["foot"].format(rounds=data["rounds"], cpus=os.cpu_count(), kernel=data["kernel"].split("-")[0], cgroup=cgroup)
    return "\n".join(lines) + "\n\n" + foot


# --- database sandboxes

CONTENDERS = ["bare server", "wasirun", "pg_virtualenv", "docker run"]
ENGINES = [("postgres", "PostgreSQL"), ("mariadb", "MariaDB"), ("redis", "Redis")]
SANDBOX_ROWS = ["start", "five", "again", "stop", "memory", "disk"]
SANDBOX_TEXT = {
    "README.md": {
        "bare server": "bare server", "of": "of bare",
        "start": "to the first answered query, ms",
        "five": "five at once, all answered, ms",
        "again": "started again, ms",
        "stop": "stop, ms",
        "memory": "memory beside the server (PSS), KiB",
        "disk": "disk of one that was started, KiB",
        "foot": "From nothing (`up`, the template is there) to the answer of a query over TCP, medians of {rounds} rounds in which all take turns\n"
                "(`sudo make bench-sandbox`), on {cpus} processors, Linux {kernel}. The bare server starts in a directory that somebody copied "
                "before;\nDocker's container makes its cluster first, as the official image does.",
    },
    "docs/README.es.md": {
        "bare server": "servidor solo", "of": "del solo",
        "start": "hasta la primera consulta respondida, ms",
        "five": "cinco a la vez, todas respondidas, ms",
        "again": "arrancada de nuevo, ms",
        "stop": "parada, ms",
        "memory": "memoria aparte del servidor (PSS), KiB",
        "disk": "disco de una que se arrancó, KiB",
        "foot": "Desde nada (`up`, con la plantilla hecha) hasta la respuesta a una consulta por TCP, medianas de {rounds} rondas en las que todos\n"
                "se turnan (`sudo make bench-sandbox`), con {cpus} procesadores, Linux {kernel}. El servidor solo arranca en un directorio copiado\n"
                "antes; el contenedor de Docker crea primero su cluster, como la imagen oficial.",
    },
}


def sandbox_lines(title, rows, names, text):
    for key in SANDBOX_ROWS:
        cells = ["%.0f" % rows[n][key] if key in rows.get(n, {}) else "" for n in names]
        both = [rows.get(n, {}).get(key) for n in ("wasirun", "bare server")]
        if any(cells):
            yield "| " + " | ".join(["%s: %s" % (title, text[key]), *cells, "%.2f" % (both[0] / both[1]) if all(both) else ""]) + " |"


def sandbox_table(data, text):
    engines = data["engines"]
    names = [n for n in CONTENDERS if any(n in rows for rows in engines.values())]
    lines = ["| " + " | ".join(["", *(text.get(n, n) for n in names), text["of"]]) + " |", "|---|" + "---:|" * (len(names) + 1)]
    for engine, title in ENGINES:
        lines += sandbox_lines(title, engines.get(engine, {}), names, text)
    foot = text["foot"].format(rounds=data["rounds"], cpus=data["cpus"], kernel=data["kernel"].split("-")[0])
    return "\n".join(lines) + "\n\n" + foot


def main():
    data = json.load(sys.stdin)
    if sys.argv[1:] == ["sandbox"]:
        write("sandbox bench", lambda name: sandbox_table(data, SANDBOX_TEXT[name]))
    else:
        write("bench", lambda name: table(data, TEXT[name]))


def write(mark, figures):
    for name in TEXT:
        path = os.path.join(TOP, name)
        with open(path, encoding="utf-8") as f:
            old = f.read()
        new, n = re.subn(r"(<!-- %s -->\n)(?:.*?\n)??(<!-- /%s -->)" % (mark, mark), lambda m: m.group(1) + figures(name) + "\n" + m.group(2), old, flags=re.S)
        if n != 1:
            sys.exit("%s: no marks of %s" % (name, mark))
        with open(path, "w", encoding="utf-8") as f:
            f.write(new)


if __name__ == "__main__":
    main()
