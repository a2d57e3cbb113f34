#!/bin/sh
# scripts.sh - shellcheck over every shell script and .bats file; python files compile.
# Usage: scripts.sh [BUILD_DIRECTORY]
set -eu
cd "$(dirname "$0")/../.."
command -v shellcheck >/dev/null || { echo "shellcheck is missing: make deps"; exit 1; }
bad=0
scripts=$(grep -rlE '^#!.*(/| )(ba)?sh$' .ci tests docs templates 2>/dev/null | sort || true)
# shellcheck disable=SC2086
[ -z "$scripts" ] || shellcheck -S warning $scripts || bad=1
# what shells source has no first line that says so
shellcheck -S warning templates/activate/activate.sh || bad=1
! command -v fish >/dev/null || fish --no-execute templates/activate/activate.fish || bad=1
# SC2030, SC2031: bats runs each test in a subshell. SC2154: its variables. SC2034, SC2164: set -e is on in tests. SC1010: the tool has a command `do`
shellcheck -S warning -s bats -e SC1010,SC2030,SC2031,SC2154,SC2034,SC2164,SC2128 tests/*/*.bats || bad=1
for f in $(grep -rlE '^#!.*python3' tests docs templates 2>/dev/null || true); do
	python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$f" || bad=1
done
exit $bad
