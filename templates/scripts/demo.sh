#!/bin/bash
# demo.sh - the three ways to have a database environment, one after the other: variables alone, a server in a sandbox, a container. Shows
# each command, and runs it when Enter is pressed. All of it happens in a directory that is removed in the end.
#
#	demo.sh            asks before each step
#	demo.sh --yes      does not ask, for CI
#
# PORT: the first of the ports that are used (default: 5432).
# shellcheck disable=SC2016 # lines that are shown before they are run
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
wasirun=${WASIRUN:-wasirun}
port=${PORT:-5432}
ask=yes
case ${1-} in
'') ;;
--yes | -y) ask='' ;;
*)
	sed -n '2,/^# shellcheck/{/^# shellcheck/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
	[ "$1" = --help ] || [ "$1" = -h ] || exit 2
	exit
	;;
esac
[ -z "$ask" ] || [ -t 0 ] || {
	echo "demo: there is nobody to ask here: demo.sh --yes" >&2
	exit 2
}
command -v "$wasirun" >/dev/null || {
	echo "demo: wasirun is not installed; WASIRUN=/path/to/wasirun says where it is" >&2
	exit 1
}

work=$(mktemp -d)
export PAGER=cat PSQL_PAGER=cat
container=
finish() {
	local code=$?
	trap - EXIT
	cd "$work"
	"$wasirun" sandbox destroy --force --dir .sandboxes dev >/dev/null 2>&1 || true
	[ -z "$container" ] || "$here/virtualize.sh" destroy "$container" >/dev/null 2>&1 || true
	cd /
	rm -rf "$work"
	if [ $code -eq 0 ]; then
		printf '\ndemo: done, nothing left behind\n'
	else
		echo "demo: FAILED (exit code $code)" >&2
	fi
	exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

say() { printf '\n# %s\n' "$*"; }
# show COMMAND: the line as one would type it, then what it does in this shell
show() {
	printf '$ %s\n' "$*"
	[ -z "$ask" ] || read -r -p '  [Enter] ' || exit 130
	eval "$*"
}

# Each of the scripts is found beside this one, under the name that one types.
cd "$work"
mkdir .sandboxes
ln -s "$here"/{lightweight_venv,wasm_style_sandbox,virtualize}.sh .
[ -z "${SUDO_UID-}" ] || chown -R -h "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$work"

say "1. lightweight_venv.sh: a directory and variables. Nothing runs; it is there at once."
show "./lightweight_venv.sh create dev $port"
show "source .lightvenvs/dev/bin/activate"
show 'echo "$DB_ENGINE at $DB_HOST:$DB_PORT, database $DB_NAME"'
show 'deactivate; echo "DB_HOST is ${DB_HOST-gone}"'
show "./lightweight_venv.sh destroy dev"

say "2. wasm_style_sandbox.sh: a real server in namespaces of its own. What it may do stands in a manifest."
if command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null; then
	engine=postgres client='psql -c "SELECT version()"'
elif command -v mariadbd >/dev/null; then
	engine=mariadb client='mariadb -t -e "SELECT version()"'
else
	engine=redis client='redis-cli -u "$REDIS_URL" --no-auth-warning PING'
fi
show "./wasm_style_sandbox.sh create $engine dev --port auto"
show "./wasm_style_sandbox.sh run dev"
show "cat .sandboxes/dev/config/capabilities.json"
show "source .sandboxes/dev/activate"
command -v "${client%% *}" >/dev/null || client='echo "$DATABASE_URL"'
show "$client"
show "./wasm_style_sandbox.sh inspect dev"
show deactivate
show "./wasm_style_sandbox.sh destroy dev"

say "3. virtualize.sh: the same in a Docker container."
if docker version >/dev/null 2>&1; then
	container=demo-$$
	if show "./virtualize.sh create postgres $container $((port + 1)) && ./virtualize.sh start postgres $container"; then
		show "./virtualize.sh list"
		show "./virtualize.sh destroy $container"
	else
		say "Docker could not have the image; everything else is as with the sandbox above."
	fi
else
	say "Docker is not here, or does not answer: virtualize.sh would use wasirun sandbox instead, as in 2."
fi
