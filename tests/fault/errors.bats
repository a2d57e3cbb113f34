# shellcheck disable=SC2046 # raw prints words
load helpers

# Each sampled system call fails once: the command succeeds, or ends by itself with a message; it never hangs, crashes or
# runs the program with less protection than asked for.

setup_box() {
	config '.linux.resources += {memory:{limit:67108864},pids:{limit:20}}
		| .linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["acct"],"action":"SCMP_ACT_ERRNO"}]}'
	program do status Seccomp NoNewPrivs CapEff \; print ran
	write_config
}

# judge RC WHAT: what a command with a fault in it may do
judge() {
	case $1 in
	0 | 1 | 255) ;;
	124) echo "hangs: $2"; return 1 ;;
	*) [ "$1" -lt 128 ] || { echo "crashes ($1): $2: $(cat "$T/fault.out")"; return 1; } ;;
	esac
	[ "$1" = 0 ] || [ -s "$T/fault.out" ] || { echo "fails without a word: $2"; return 1; }
	# whenever the program ran, it ran as protected as the configuration says
	! grep -qx ran "$T/fault.out" || grep -qx Seccomp=2 "$T/fault.out" || { echo "ran without its filter: $2"; return 1; }
	! grep -qx ran "$T/fault.out" || grep -qx CapEff=00000000200004e1 "$T/fault.out" || grep -qx CapEff=00000000280004e1 "$T/fault.out" ||
		grep -q '^CapEff=' "$T/fault.out" || { echo "ran with other capabilities: $2"; return 1; }
}

each_fails() { # ERRNO SAMPLE COMMAND...
	local e=$1 sample=$2 name k rc n=0 bad=0
	shift 2
	positions "$@" >"$T/positions"
	rt delete --force "$ID" >/dev/null 2>&1 || true
	# a close that strace makes fail does not close, which no kernel does
	grep -v '^close ' "$T/positions" | every "$sample" >"$T/sampled"
	while read -r name k <&9; do
		rc=0
		under_fault "$name" "$k" "error=$e" "$@" 9<&- || rc=$?
		# before main() the loader speaks for itself
		grep -q "error while loading shared libraries\|cannot allocate" "$T/fault.out" || judge $rc "$name $k $e" || bad=1
		rt delete --force "$ID" >"$T/delete" 2>&1 9<&- || { echo "delete after $name $k $e: $(cat "$T/delete")"; bad=1; }
		nothing_left || { echo "after $name $k $e"; bad=1; }
		n=$((n + 1))
	done 9<"$T/sampled"
	[ $n -ge 3 ]
	return $bad
}

@test "run: each sampled system call of the runtime fails with ENOMEM" {
	setup_box
	each_fails ENOMEM "${SAMPLE:-11}" $(raw) run --bundle "$BUNDLE" "$ID"
}

@test "run: each sampled system call of the runtime fails with EPERM" {
	setup_box
	each_fails EPERM "${SAMPLE:-13}" $(raw) run --bundle "$BUNDLE" "$ID"
}

@test "create: each sampled system call fails with EIO or ENOSPC" {
	setup_box
	each_fails EIO "${SAMPLE:-13}" $(raw) create --bundle "$BUNDLE" "$ID"
	each_fails ENOSPC "${SAMPLE:-17}" $(raw) create --bundle "$BUNDLE" "$ID"
}

# What protects the container must be fatal when it fails, in whichever process it is.
@test "a protection that cannot be had keeps the program from running" {
	local call rc
	setup_box
	for call in seccomp capset pivot_root setgroups setresuid setresgid sethostname move_mount mount_setattr keyctl; do
		strace -f -qq -o "$T/trace" -e "trace=$call" $(raw) run --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&- || true
		grep -q "$call(" "$T/trace" || continue
		rc=0
		timeout --foreground -k 1 10 strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:error=EIO:when=1+" \
			$(raw) run --bundle "$BUNDLE" "$ID" </dev/null >"$T/fault.out" 2>&1 3>&- 4>&- || rc=$?
		[ $rc -ne 0 ] || { echo "runs although $call fails: $(cat "$T/fault.out")"; return 1; }
		[ $rc -ne 124 ] || { echo "hangs when $call fails"; return 1; }
		[ -s "$T/fault.out" ] || { echo "no word about $call"; return 1; }
		run grep -x ran "$T/fault.out"
		[ "$status" -ne 0 ]
		rt delete --force "$ID"
		nothing_left
	done
}

@test "prctl: no-new-privileges that fails is fatal" {
	local rc=0
	setup_box
	timeout --foreground -k 1 10 strace -f -qq -o "$T/trace" -e trace=prctl -e inject=prctl:error=EPERM:when=1+ \
		$(raw) run --bundle "$BUNDLE" "$ID" </dev/null >"$T/fault.out" 2>&1 3>&- 4>&- || rc=$?
	[ $rc -ne 0 ]
	[ $rc -ne 124 ]
	run grep -x ran "$T/fault.out"
	[ "$status" -ne 0 ]
}

@test "the state root is full" {
	setup_box
	local n out
	mkdir -p "$T/root"
	# in a mount namespace of its own, so that nothing has to be taken down
	for n in 1 2 3 5 9; do
		run timeout 20 unshare -m bash -c '
			mount -t tmpfs -o size=$((4096 * $1)),mode=700 t "$2/root" || exit 99
			"$3" --root "$2/root" create --bundle "$2/bundle" "$4" </dev/null >"$2/out" 2>&1 3>&-
			rc=$?
			[ $rc = 0 ] || [ -s "$2/out" ] || exit 98
			"$3" --root "$2/root" delete --force "$4" || exit 97
			[ -z "$(ls "$2/root" | grep -v ^@)" ] || exit 96' - $n "$T" "$RUNTIME" "$ID" 3>&-
		[ "$status" -eq 0 ] || { echo "with $n pages: $status: $output: $(cat "$T/out")"; return 1; }
		nothing_left
	done
}

@test "the state root has no more inodes" {
	setup_box
	mkdir -p "$T/root"
	for n in 1 2 3 4 6; do
		run timeout 20 unshare -m bash -c '
			mount -t tmpfs -o nr_inodes=$1,mode=700 t "$2/root" || exit 99
			"$3" --root "$2/root" create --bundle "$2/bundle" "$4" </dev/null >"$2/out" 2>&1 3>&-
			"$3" --root "$2/root" delete --force "$4" || exit 97' - $n "$T" "$RUNTIME" "$ID" 3>&-
		[ "$status" -eq 0 ] || { echo "with $n inodes: $status: $output: $(cat "$T/out")"; return 1; }
		nothing_left
	done
}

@test "no more descriptors" {
	setup_box
	local n rc
	for n in 3 4 5 6 7 8 9 10 12 14 16 20 24; do
		rc=0
		(
			ulimit -n $n
			exec timeout 10 "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID"
		) </dev/null >"$T/fault.out" 2>&1 3>&- 4>&- || rc=$?
		grep -q "error while loading shared libraries" "$T/fault.out" || judge $rc "ulimit -n $n"
		rt delete --force "$ID"
		nothing_left
	done
}

@test "no more processes: an error that says so" {
	need_root
	setup_box
	local d=/sys/fs/cgroup/pids rc=0
	[ "$CG" = 1 ] || d=/sys/fs/cgroup
	mkdir "$d/$ID-caller"
	echo 2 >"$d/$ID-caller/pids.max"
	bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$d/$ID-caller" $(raw) run --bundle "$BUNDLE" "$ID" </dev/null >"$T/fault.out" 2>&1 3>&- 4>&- || rc=$?
	rt delete --force "$ID" || true
	eventually rmdir "$d/$ID-caller"
	judge $rc "pids.max 2"
}

@test "a small memory cgroup is enough for the runtime" {
	setup_box
	local d=/sys/fs/cgroup/memory f=memory.limit_in_bytes rc=0
	[ "$CG" = 1 ] || { d=/sys/fs/cgroup f=memory.max; }
	mkdir "$d/$ID-caller"
	echo 16777216 >"$d/$ID-caller/$f"
	bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' - "$d/$ID-caller" $(raw) run --bundle "$BUNDLE" "$ID" </dev/null >"$T/fault.out" 2>&1 3>&- 4>&- || rc=$?
	eventually rmdir "$d/$ID-caller"
	same "$rc" 0
}

@test "hostile surroundings: umask, environment, a directory that is gone, a file size limit" {
	setup_box
	local rc=0
	mkdir "$T/gone"
	(
		cd "$T/gone"
		rmdir "$T/gone"
		umask 0777
		exec env LC_ALL=tr_TR.UTF-8 MALLOC_PERTURB_=7 TMPDIR=/nowhere HOME= PATH=/nowhere "$RUNTIME" --root "$T/root" run --bundle "$BUNDLE" "$ID"
	) </dev/null >"$T/fault.out" 2>&1 3>&- 4>&- || rc=$?
	same "$rc" 0
	grep -qx ran "$T/fault.out"
	rc=0
	(ulimit -f 0; trap '' XFSZ; exec "$RUNTIME" --root "$T/root" create --bundle "$BUNDLE" "$ID") </dev/null 2>&1 3>&- 4>&- | cat >"$T/fault.out" || rc=$?
	rt delete --force "$ID"
}
