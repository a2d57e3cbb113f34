#!/usr/bin/env python3
"""agree.py WASIRUN - the decoder and the schema that is made from its rows say the same of every document of the corpus.

A document whose judge is not "both" must be refused by the decoder and pass the schema: else a schema can tell, and the word is wrong.
Prints TAP."""
import json
import os
import subprocess
import sys
import tempfile

import jsonschema


def corpus():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus"), encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            if not line.startswith("#"):
                yield number, *line.rstrip("\n").split("\t")


def ask(wasirun, *args, text=""):
    env = {"PATH": "/usr/bin:/bin", "HOME": "/u"}
    with tempfile.TemporaryDirectory() as empty:
        return subprocess.run([wasirun, "manifest", *args], input=text.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=empty, env=env, timeout=20, check=False)


def decoder_accepts(wasirun, text):
    done = ask(wasirun, "check", "--json", "/dev/stdin", text=text)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"exit code {done.returncode}: {done.stderr}")
    valid = json.loads(done.stdout)[0]["valid"]
    if valid != (done.returncode == 0):
        raise RuntimeError("the exit code and the answer differ")
    return valid


def schema_accepts(validator, text):
    try:
        return validator.is_valid(json.loads(text))
    except json.JSONDecodeError:
        return None


def wrong(wasirun, validator, verdict, judge, text):
    """What is wrong with the verdicts on a document, or None."""
    ours, schemas = decoder_accepts(wasirun, text), schema_accepts(validator, text)
    if ours != (verdict == "good"):
        return f"the decoder says {'good' if ours else 'bad'}"
    if judge == "both" and schemas != ours:
        return f"the decoder says {ours}, the schema {schemas}"
    if judge != "both" and schemas is False:
        return f"the schema can tell: this is no matter of \"{judge}\""
    return None


def main():
    wasirun = os.path.realpath(sys.argv[1])
    schema = json.loads(ask(wasirun, "schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    documents = list(corpus())
    print(f"1..{len(documents)}")
    bad = 0
    for number, verdict, judge, _, _, text in documents:
        why = wrong(wasirun, validator, verdict, judge, text)
        bad += why is not None
        print(f"{'not ok' if why else 'ok'} corpus:{number} {verdict} {judge}")
        if why:
            print(f"# {why}\n# {text}")
    return bad > 0


sys.exit(main())
