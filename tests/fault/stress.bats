# shellcheck disable=SC2046 # raw prints words
load helpers

# Where one processor is emulated, fewer are as many at once.
crowd() { if [ "${SLOW:-1}" = 1 ]; then seq "$1"; else seq $(($1 * 2 / 5)); fi; }

@test "fifty creates of one id at once: one wins" {
	program pause
	write_config
	local i won=0 rc pids=()
	for i in $(crowd 50); do
		$(raw) create --bundle "$BUNDLE" "$ID" </dev/null >"$T/out$i" 2>&1 3>&- 4>&- &
		pids+=($!)
	done
	for i in $(crowd 50); do
		rc=0
		wait "${pids[i - 1]}" || rc=$?
		case $rc in
		0) won=$((won + 1)) ;;
		1) grep -qi "exist" "$T/out$i" || { cat "$T/out$i"; return 1; } ;;
		*) echo "exit $rc"; return 1 ;;
		esac
	done
	same "$won" 1
	status_is created
	start
	status_is running
}

@test "twenty containers at once, created, started, entered, deleted" {
	program pause
	local i pids=()
	for i in $(crowd 20); do
		cp -r "$T/bundle" "$T/b$i"
		jq "$FILTER | .linux.cgroupsPath=\"/$ID-$i\"" "$TESTS/bats/base.json" >"$T/b$i/config.json"
	done
	for i in $(crowd 20); do
		(
			$(raw) create --bundle "$T/b$i" "$ID-$i" && $(raw) start "$ID-$i" && $(raw) exec "$ID-$i" /bin/tool true &&
				$(raw) delete --force "$ID-$i"
		) </dev/null >"$T/out$i" 2>&1 3>&- 4>&- &
		pids+=($!)
	done
	for i in $(crowd 20); do wait "${pids[i - 1]}" || { cat "$T/out$i"; return 1; }; done
}

@test "start, kill, delete, exec, state of one container at the same time" {
	program pause
	write_config
	local round i rc pids
	for ((round = 0; round < ${ROUNDS:-15}; round++)); do
		pids=()
		$(raw) create --bundle "$BUNDLE" "$ID" </dev/null >/dev/null 2>&1 3>&- 4>&-
		for i in "start $ID" "state $ID" "kill $ID KILL" "exec $ID /bin/tool true" "delete --force $ID" "pause $ID" "state $ID" "list" "ps $ID" "delete $ID"; do
			# shellcheck disable=SC2086
			timeout -k 1 20 $(raw) $i </dev/null >/dev/null 2>&1 3>&- 4>&- &
			pids+=($!)
		done
		for i in "${pids[@]}"; do
			rc=0
			wait "$i" || rc=$?
			case $rc in 0 | 1 | 137 | 255) ;; *) echo "exit $rc in round $round"; return 1 ;; esac
		done
		ok rt delete --force "$ID"
		nothing_left
	done
}

@test "state.json cut off, emptied, with other types: refused, and delete --force removes it" {
	wasirun_only
	local n size p
	launch pause
	p=$(state pid)
	cp "$T/root/$ID/state.json" "$T/whole"
	size=$(stat -c %s "$T/whole")
	for n in 0 1 2 $((size / 4)) $((size / 2)) $((size - 2)); do
		head -c "$n" "$T/whole" >"$T/root/$ID/state.json"
		fails rt state "$ID"
		fails rt kill "$ID"
	done
	sed 's/"pid": *[0-9]*/"pid":"1"/' "$T/whole" >"$T/root/$ID/state.json"
	fails rt kill "$ID" KILL
	cp "$T/whole" "$T/root/$ID/state.json"
	status_is running
}

@test "a recycled pid is never signalled" {
	wasirun_only
	local p
	launch pause
	"$TOOL" pause </dev/null >/dev/null 2>&1 3>&- 4>&- &
	p=$!
	cp "$T/root/$ID/state.json" "$T/whole"
	jq ".pid=$p" "$T/whole" >"$T/root/$ID/state.json"
	status_is stopped
	run rt kill "$ID" KILL
	kill -0 $p
	kill $p
	wait $p || true
	cp "$T/whole" "$T/root/$ID/state.json"
	status_is running
}
