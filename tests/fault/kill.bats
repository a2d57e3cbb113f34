# shellcheck disable=SC2046 # raw prints words
load helpers

# SIGKILL at sampled system calls, then delete --force: no state, cgroup, process or mount of ours; the id can be used again.
# SAMPLE=1 looks at all of them.

config_all() {
	config '.linux.resources += {memory:{limit:67108864},pids:{limit:20},cpu:{shares:512}}
		| .linux.seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["acct"],"action":"SCMP_ACT_ERRNO"}]}'
	program pause
	write_config
}

clean_after() {
	rt delete --force "$ID" >"$T/delete" 2>&1 || { echo "delete --force after $1: $(cat "$T/delete")"; return 1; }
	nothing_left || { echo "after $1"; return 1; }
}

@test "SIGKILL at system calls of create" {
	config_all
	local name k n=0
	positions $(raw) create --bundle "$BUNDLE" "$ID" >"$T/positions"
	rt delete --force "$ID"
	every "${SAMPLE:-9}" <"$T/positions" >"$T/sampled"
	while read -r name k <&9; do
		under_fault "$name" "$k" signal=SIGKILL $(raw) create --bundle "$BUNDLE" "$ID" 9<&- || true
		clean_after "$name $k" 9<&-
		n=$((n + 1))
	done 9<"$T/sampled"
	[ $n -ge 3 ]
	create
	start
	status_is running
}

@test "SIGKILL at system calls of start" {
	config_all
	local name k n=0
	create
	positions $(raw) start "$ID" >"$T/positions"
	rt delete --force "$ID"
	every "${SAMPLE:-5}" <"$T/positions" >"$T/sampled"
	while read -r name k <&9; do
		create 9<&-
		under_fault "$name" "$k" signal=SIGKILL $(raw) start "$ID" 9<&- || true
		clean_after "$name $k" 9<&-
		n=$((n + 1))
	done 9<"$T/sampled"
	[ $n -ge 3 ]
}

@test "SIGKILL at system calls of delete --force" {
	config_all
	local name k n=0
	launch pause
	positions $(raw) delete --force "$ID" >"$T/positions"
	every "${SAMPLE:-7}" <"$T/positions" >"$T/sampled"
	while read -r name k <&9; do
		launch pause 9<&-
		under_fault "$name" "$k" signal=SIGKILL $(raw) delete --force "$ID" 9<&- || true
		clean_after "$name $k" 9<&-
		n=$((n + 1))
	done 9<"$T/sampled"
	[ $n -ge 3 ]
}

@test "SIGKILL at system calls of exec: the container is unharmed, nothing is left in it" {
	config_all
	local name k n=0
	launch pause
	positions $(raw) exec "$ID" /bin/tool true >"$T/positions"
	every "${SAMPLE:-9}" <"$T/positions" >"$T/sampled"
	while read -r name k <&9; do
		under_fault "$name" "$k" signal=SIGKILL $(raw) exec "$ID" /bin/tool true 9<&- || true
		status_is running
		n=$((n + 1))
	done 9<"$T/sampled"
	[ $n -ge 3 ]
	eventually eval 'test "$(cg pids cgroup.procs | wc -l)" = 1'
	ok rt exec "$ID" /bin/tool true
}

@test "SIGKILL at random times of create, start and delete" {
	config_all
	local i p
	for ((i = 0; i < ${ROUNDS:-40}; i++)); do
		(
			$(raw) create --bundle "$BUNDLE" "$ID" && $(raw) start "$ID" && $(raw) delete --force "$ID"
		) </dev/null >/dev/null 2>&1 3>&- 4>&- &
		p=$!
		sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
		kill -KILL $p $(pgrep -P $p) 2>/dev/null || true
		wait $p 2>/dev/null || true
		clean_after "attempt $i"
	done
}

@test "SIGKILL of init at system calls, between create and the program" {
	config_all
	local k rc
	for k in 1 5 9 14 20 27 35 44 54 65 77 90; do
		rc=0
		# where no process makes so many calls, create succeeds, and strace stays with the container until its time is over
		timeout --foreground -k 1 $((${SLOW:-1} > 1 ? 8 : 2)) strace -f -qq -o /dev/null -e trace=%file,%desc -e "inject=%file:signal=SIGKILL:when=$k" \
			$(raw) create --bundle "$BUNDLE" "$ID" </dev/null >"$T/out" 2>&1 3>&- 4>&- || rc=$?
		[ $rc -ne 124 ] || { echo "hangs when killed at $k"; return 1; }
		clean_after "call $k of any process"
	done
}
