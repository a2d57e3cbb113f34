#!/bin/bash
# wasm_style_sandbox.sh - real database servers that may do what a manifest says and nothing else: `wasirun sandbox` under the name that
# scripts and documents know.
#
#	wasm_style_sandbox.sh create postgres dev 5432    a sandbox in .sandboxes/dev  (create dev postgres 5432 is the same)
#	wasm_style_sandbox.sh run dev                     starts it; comes back when it answers
#	source .sandboxes/dev/activate                    DB_HOST, DB_PORT, DATABASE_URL ... in this shell
#	wasm_style_sandbox.sh inspect dev                 what it may do, and what it is doing
#	wasm_style_sandbox.sh stop dev, destroy dev, list ...
#
# All commands of `wasirun sandbox help` work. Root is not needed; under sudo the tree belongs to the caller.
set -euo pipefail

wasirun=${WASIRUN:-wasirun}
command -v "$wasirun" >/dev/null || {
	echo "${0##*/}: wasirun is not installed; WASIRUN=/path/to/wasirun says where it is" >&2
	exit 1
}

[ $# -gt 0 ] || set -- help
# Documents source activate in the line after `run`, so it must not stay in the foreground; `run --follow NAME` does.
if [ "$1" = run ]; then
	shift
	if [ "${1-}" = --follow ] || [ "${1-}" = -f ]; then
		shift
		set -- run "$@"
	else
		set -- start "$@"
	fi
fi
exec "$wasirun" sandbox "$@"
