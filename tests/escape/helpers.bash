# Attacks from inside a container and from the root file system it came with. Host canaries stand in $T/can and must not change.
# shellcheck source=tests/bats/helpers.bash
source "$BATS_TEST_DIRNAME/../bats/helpers.bash"

canaries() {
	mkdir -p "$T/can"
	echo canary >"$T/can/file"
	chmod 644 "$T/can/file"
	canary_state >"$T/before"
}
canary_state() { find "$T/can" -printf '%P %y %m %U:%G %s\n' | sort; cat "$T/can/file"; }
untouched() {
	canary_state | diff "$T/before" - || { echo "the host's files were changed (< before, > after)"; return 1; }
}

# A configuration without a mount on /dev: the root file system's own is used, where that is allowed at all.
no_dev() { config '.mounts |= map(select(.destination|startswith("/dev")|not))'; }
