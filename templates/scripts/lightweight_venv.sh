#!/bin/bash
# lightweight_venv.sh - an environment that is a directory and variables, as a Python venv is: nothing runs, nothing is isolated, and it is
# there at once. For mocks, and for servers that are somewhere else already.
#
#	lightweight_venv.sh create dev 5432               the engine is guessed from the port (3306: mysql, 6379: redis, else postgres)
#	lightweight_venv.sh create dev postgres 5432      create postgres dev 5432 is the same
#	source .lightvenvs/dev/bin/activate               DB_HOST, DB_PORT, DATABASE_URL ... in this shell, until `deactivate`
#	lightweight_venv.sh list | env dev | inspect dev | destroy dev
#
# Environments live in $WASI_SANDBOX_DIR (of the environment or of .env), else in scripts/.lightvenvs when this file is in
# scripts/infrastructure/wasi, else in .lightvenvs here. Options of `wasirun sandbox create` may follow: --password WORD, --database NAME.
set -euo pipefail

wasirun=${WASIRUN:-wasirun}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
	echo "${0##*/}: $*" >&2
	exit 1
}

is_engine() {
	case $1 in
	postgres | postgresql | pg | mysql | mariadb | maria | redis) return 0 ;;
	esac
	return 1
}

# Does the nearest .env say where? wasirun reads it then.
said_in_dotenv() {
	local dir=$PWD
	while [ ! -f "$dir/.env" ]; do
		[ -n "$dir" ] || return 1
		dir=${dir%/*}
	done
	grep -qE '^[[:space:]]*(export[[:space:]]+)?WASI_SANDBOX_DIR[[:space:]]*=' "$dir/.env"
}

where=()
if [ -z "${WASI_SANDBOX_DIR-}" ] && ! said_in_dotenv; then
	case $here in
	*/scripts/infrastructure/wasi)
		where=(--dir "${here%/infrastructure/wasi}/.lightvenvs")
		# so that `source .lightvenvs/dev/bin/activate` works beside this file as well
		[ -e "$here/.lightvenvs" ] || [ -L "$here/.lightvenvs" ] || ln -s ../../.lightvenvs "$here/.lightvenvs" 2>/dev/null || true
		;;
	*) where=(--dir .lightvenvs) ;;
	esac
fi

command -v "$wasirun" >/dev/null || die "wasirun is not installed; WASIRUN=/path/to/wasirun says where it is"
command=${1-help}
[ $# -eq 0 ] || shift
case $command in
create)
	[[ ${1--} != -* ]] || die "create NAME PORT, or create NAME ENGINE [PORT]"
	name=$1 engine='' port=''
	shift
	if is_engine "$name" && [ $# -gt 0 ] && [[ $1 != -* ]]; then
		engine=$name name=$1
		shift
	elif [ $# -gt 0 ] && is_engine "$1"; then
		engine=$1
		shift
	fi
	if [[ ${1-} =~ ^[0-9]+$ ]]; then
		port=$1
		shift
	fi
	if [ -z "$engine" ]; then
		case $port in
		330[0-9]) engine=mysql ;;
		63[78][0-9]) engine=redis ;;
		*) engine=postgres ;;
		esac
	fi
	exec "$wasirun" sandbox create "${where[@]}" --backend dir "$engine" "$name" ${port:+"$port"} "$@"
	;;
list | destroy | env | activate | inspect | status) exec "$wasirun" sandbox "$command" "${where[@]}" "$@" ;;
start | stop | run) die "nothing runs in these environments: wasm_style_sandbox.sh and virtualize.sh have servers" ;;
help | -h | --help) sed -n '2,/^set -/{/^set -/d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}" ;;
*) die "$command: create, list, env, activate, inspect, status, destroy or help" ;;
esac
