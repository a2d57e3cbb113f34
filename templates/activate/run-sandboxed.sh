#!/bin/sh
# Starts the sandbox that this file stands in, in its namespaces, and follows its log; Ctrl-C ends it, and its data stay.
# What it may do is in config/capabilities.json: `wasirun manifest explain config/capabilities.json` says it in words.
# Where another wasirun is meant: WASIRUN=/path/to/wasirun ./run-sandboxed.sh
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
exec "${WASIRUN:-wasirun}" sandbox run --dir "${here%/*}" "$@" "${here##*/}"
