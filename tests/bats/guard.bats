# guard: a command of the host with nothing but what is granted.

load helpers

guard() { rt guard "$@"; }

# Other runtimes leave cgroups behind.
gone() {
	find /sys/fs/cgroup -depth -type d -name "$1" -exec rmdir {} + 2>/dev/null || true
	# crun fills plain directories where a hierarchy is not mounted
	find /sys/fs/cgroup -xdev -depth -type d -name "$1" -exec rm -rf {} + 2>/dev/null || true
	[ -z "$(find /sys/fs/cgroup -type d -name "$1")" ]
}

@test "guard: the exit code is the command's, or 128 + its signal" {
	wasirun_only
	run guard -- sh -c 'exit 7'
	same "$status" 7
	"$RUNTIME" --root "$T/root" guard -- sleep 60 </dev/null 3>&- 4>&- &
	pid=$!
	sleep 0.5
	kill -TERM $pid
	wait $pid || code=$?
	same "$code" 143
	run guard -- /nonexistent/program
	same "$status" 127
	has "/nonexistent/program" "no such file"
	lacks /process/args
	run guard -- no-such-command
	same "$status" 127
	run guard -- /usr
	same "$status" 126
	printf 'neither\n' >"$T/text"
	run guard --read "$T" -- "$T/text"
	same "$status" 126
	chmod +x "$T/text"
	run guard --read "$T" -- "$T/text"
	same "$status" 126
	# what is wrong with the grants is no matter of the command's
	run guard --read "$T/none" -- true
	same "$status" 1
}

@test "guard: what is not granted is not there" {
	wasirun_only
	echo secret >"$T/file"
	for f in "$T/file" /root /home /srv /var/lib /etc/shadow /etc/ssl/private /sys /run/lock; do
		run guard -- sh -c "[ ! -e $f ]"
		same "$status" 0
	done
}

@test "guard: read, write, deny, and the most specific path wins" {
	wasirun_only
	mkdir -p "$T/d/out" "$T/d/keys/open"
	echo text >"$T/d/file"
	echo key >"$T/d/keys/key"
	echo open >"$T/d/keys/open/file"
	chmod 700 "$T/d"
	ok guard --read "$T/d" --write "$T/d/out" --deny "$T/d/keys" --read "$T/d/keys/open" -- sh -c \
		"cat $T/d/file $T/d/keys/open/file; echo x >$T/d/out/new; echo x >$T/d/file || echo read-only; cat $T/d/keys/key || echo hidden"
	line text open read-only hidden
	same "$(cat "$T/d/out/new")" x
	same "$(stat -c %u "$T/d/out/new")" "$(id -u)"
	same "$(cat "$T/d/file")" text
}

@test "guard: cow keeps what is written to itself" {
	wasirun_only
	mkdir "$T/d"
	echo old >"$T/d/file"
	ok guard --cow "$T/d" -- sh -c "echo new >$T/d/file; echo more >$T/d/more; cat $T/d/file; rm $T/d/more"
	line new
	same "$(cat "$T/d/file")" old
	[ ! -e "$T/d/more" ]
}

@test "guard: no capability, no new privileges, a filter, a user namespace" {
	wasirun_only
	ok guard -- cat /proc/self/status /proc/self/uid_map
	line $'CapEff:\t0000000000000000' $'CapBnd:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2'
	ok guard -- sh -c 'ls /proc | grep -c "^[0-9]"'
	[ "$output" -le 5 ]
}

@test "guard: the environment is what is granted" {
	wasirun_only
	export WT_SECRET=1 WT_PASSED=2
	ok guard --env WT_PASSED --env WT_GIVEN=3 -- env
	line WT_PASSED=2 WT_GIVEN=3 HOME=/
	lacks WT_SECRET
}

@test "guard: time-out kills everything and exits with 124" {
	wasirun_only
	run guard --timeout 300ms -- sh -c 'trap "" TERM; sleep 60 & sleep 60'
	same "$status" 124
	nothing_left
}

@test "guard: output is counted, the rest is dropped and the command ends by itself" {
	wasirun_only
	run guard --output 100 -- sh -c 'head -c 1000000 /dev/zero | tr "\0" x; exit 3'
	same "$status" 3
	[[ $output == *xxxx* ]]
	[ "$(tr -dc x <<<"${output%%wasirun*}" | wc -c)" = 100 ]
}

@test "guard: limits" {
	wasirun_only
	need_root
	run guard --memory 32M -- sh -c 'head -c 200m /dev/zero | tail -c 199m >/dev/null; echo "$?"'
	[[ $status -ne 0 || $output != 0 ]]
	matches "the command was killed for lack of memory: its limit is 32M" # cgroup version 2 ends all of it together
	run guard --memory 32M -- sh -c 'exec tail -c 199m >/dev/null' < <(head -c 200m /dev/zero)
	same "$status" 137
	line "wasirun: warning: the command was killed for lack of memory: its limit is 32M (memory)"
	run guard --memory 64M -- sh -c 'kill -KILL $$ & exit 3'
	lacks "lack of memory"
	run guard --pids 5 -- sh -c 'for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'
	has fork
}

@test "guard: a manifest, and flags that add to it; secrets are files for the program alone" {
	wasirun_only
	mkdir "$T/a" "$T/b"
	echo 1 >"$T/a/f"
	echo 2 >"$T/b/f"
	cat >"$T/m.json" <<-E
	{"version": "1.0", "capabilities": {"filesystem": {"read": ["./a"]}}, "secrets": {"TOKEN": {"generate": 24}, "P": {"value": "pw", "env": true}}}
	E
	ok guard --manifest "$T/m.json" --read "$T/b" -- sh -c "cat $T/a/f $T/b/f; wc -c </run/secrets/TOKEN; stat -c %a /run/secrets/TOKEN; echo \$P"
	line 1 2 24 400 pw
	run guard --manifest "$T/m.json" -- sh -c 'echo x >/run/secrets/new'
	[ "$status" -ne 0 ]
}

@test "guard: only what is in the list is executed" {
	wasirun_only
	cat >"$T/m.json" <<-E
	{"version": "1.0", "capabilities": {"filesystem": {"root": "host-ro"}, "process": {"exec": ["/usr/bin/env", "/bin/sh"], "lsm": {"landlock": "auto"}}}}
	E
	[ "$(cat /sys/kernel/security/lsm 2>/dev/null | grep -c landlock)" = 1 ] || "$RUNTIME" features | grep -q . || skip "no Landlock"
	ok guard --manifest "$T/m.json" -- env A=1 sh -c 'echo ran; /usr/bin/id || echo refused'
	line ran refused
}

@test "guard: errors name the line, and nothing runs" {
	wasirun_only
	run guard --read "$T/nowhere" -- touch "$T/ran"
	has "/capabilities/filesystem/read/0" "is not there"
	run guard --memory lots -- true
	[ "$status" -ne 0 ]
	has memory
	[ ! -e "$T/ran" ]
}

@test "guard: a sandbox's manifest is no manifest of guard's, and an address without a port is told which" {
	wasirun_only
	echo '{"sandbox":"dev","filesystem":{"read":["/sandboxes/dev/config"]}}' >"$T/m.json"
	fails guard --manifest "$T/m.json" -- true
	has "/sandboxes/dev/config is in a sandbox's tree" "sandbox create ENGINE NAME --manifest"
	echo '{"filesystem":{"read":["/sandboxes/dev/config"]}}' >"$T/m.json"
	fails guard --manifest "$T/m.json" -- true
	has "sandbox create ENGINE NAME --manifest"
	fails guard --connect 1.2.3.4 -- true
	has '"1.2.3.4" lacks a port' "1.2.3.4:443"
	fails guard --listen 8080 -- true
	has '"8080" lacks an address' 127.0.0.1:8080
	fails guard --connect '[::1]' -- true
	has '"[::1]" lacks a port'
}

@test "guard: an ordinary user is himself inside" {
	wasirun_only
	need_root
	command -v setpriv >/dev/null || skip "no setpriv"
	mkdir "$T/mine" "$T/run"
	chown 12345:12345 "$T/mine" "$T/run"
	cp "$RUNTIME" "$T/wasirun"
	chmod 755 "$T/wasirun" "$T"
	ok env -u SUDO_UID XDG_RUNTIME_DIR="$T/run" setpriv --reuid 12345 --regid 12345 --clear-groups "$T/wasirun" guard --write "$T/mine" -- \
		sh -c "id -u; echo x >$T/mine/f; [ ! -e $T/run ] && echo hidden"
	line 12345 hidden
	same "$(stat -c %u "$T/mine/f")" 12345
}

@test "manifest oci: the same bytes twice, and other runtimes run them" {
	wasirun_only
	need_root
	echo '{"version": "1.0", "capabilities": {"filesystem": {"root": "host-ro", "tmpfs": {"/tmp": "1M"}}}}' >"$T/m.json"
	ok "$RUNTIME" manifest oci "$T/m.json"
	first=$output
	ok "$RUNTIME" manifest oci "$T/m.json"
	same "$output" "$first"
	for other in "$RUNTIME" crun runc; do
		command -v "$other" >/dev/null || continue
		rm -rf "$T/oci"
		ok "$RUNTIME" manifest oci --bundle "$T/oci" "$T/m.json" -- sh -c 'echo inside; touch /usr/x || echo read-only; touch /tmp/x && echo written'
		run timeout 20 "$other" run --bundle "$T/oci" "$ID-oci" </dev/null 3>&- 4>&-
		[[ $output != *"hybrid mode not supported"* ]] || continue # crun's word about this machine, not about the configuration
		good
		line inside read-only written
		eventually gone "$ID-oci"
	done
}

@test "a manifest cuts an engine's container down" {
	wasirun_only
	need_root
	mkdir "$T/vol"
	echo '{"version": "1.0", "capabilities": {"filesystem": {"read": ["/mnt"]}, "resources": {"pids": 20}}}' >"$T/m.json"
	config ".annotations={\"org.wasirun.manifest\": \"$T/m.json\"}"
	config ".process.capabilities={bounding: [\"CAP_CHOWN\"], effective: [\"CAP_CHOWN\"], permitted: [\"CAP_CHOWN\"]}"
	config ".mounts+=[{destination: \"/mnt\", type: \"bind\", source: \"$T/vol\", options: [\"rbind\", \"rw\"]}]"
	box cat /proc/self/status
	good
	line $'CapEff:\t0000000000000000' $'NoNewPrivs:\t1' $'Seccomp:\t2'
	config ".mounts+=[{destination: \"/var\", type: \"bind\", source: \"$T/vol\", options: [\"rbind\"]}]"
	box cat /proc/self/status
	refused
	has '/mounts/' '"filesystem": {"read": ["/var"]} would'
}
