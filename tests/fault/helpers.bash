# Fault injection: the system calls of one command are counted with strace, then one of them is made to fail or to be the command's
# last. Afterwards `delete --force` must leave nothing (teardown of tests/bats/helpers.bash looks).
# shellcheck source=tests/bats/helpers.bash
source "$BATS_TEST_DIRNAME/../bats/helpers.bash"

# positions COMMAND...: "NAME K" for each system call that the runtime's first process makes, in their order: its K-th NAME.
# What the loader and libc do before main() is their own matter (main begins by ignoring SIGPIPE). strace counts `when` for each name by itself. Not brk: it has no error to return, libc would take the number for an address.
positions() {
	strace -qq -o "$T/trace" "$@" </dev/null >/dev/null 2>&1 3>&- 4>&- || true
	awk '{
		n = $1
		sub(/\(.*/, "", n)
		if (n !~ /^[a-z_0-9]+$/ || n ~ /^(exit_group|execve|brk)$/) next
		++k[n]
		if (main) print n, k[n]
		if (/^rt_sigaction\(SIGPIPE/) main = 1
	}' "$T/trace"
}

# every N: of the lines on standard input, but no fewer than four of them: a short command has few system calls
every() { awk -v n="$1" '{ l[NR] = $0 } END { if (n > NR / 4) n = int(NR / 4); if (n < 1) n = 1; for (i = 1; i <= NR; i += n) print l[i] }'; }

# under_fault NAME K WHAT COMMAND...: WHAT as strace's inject has it (signal=SIGKILL, error=ENOMEM). 124: it hung.
under_fault() {
	local s=$1 k=$2 what=$3
	shift 3
	timeout --foreground -k 1 "${FAULT_LIMIT:-10}" strace -qq -o /dev/null -e "trace=$s" -e "inject=$s:$what:when=$k" "$@" </dev/null >"$T/fault.out" 2>&1 3>&- 4>&-
}

raw() { echo "$RUNTIME --root $T/root"; }
