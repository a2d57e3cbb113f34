load helpers

# hook STAGE SCRIPT: a shell script on the host that gets the state as $state and appends to $T/order
hook() {
	printf '#!/bin/sh\nT=%s\nstate=$(cat)\n%s\n' "$T" "$2" >"$T/hook-$1"
	chmod 755 "$T/hook-$1"
	config ".hooks.$1 += [{path:\"$T/hook-$1\",args:[\"hook\",\"$1\"]}]"
}

@test "hooks: all six stages, in their order" {
	local s
	for s in prestart createRuntime poststart poststop; do hook $s "echo $s >>\$T/order"; done
	mkdir "$BUNDLE/rootfs/hooks"
	cp "$TOOL" "$T/tool"
	# createContainer: the path is the host's, the namespace the container's
	hook createContainer 'echo createContainer >>$T/order'
	config '.hooks.startContainer=[{"path":"/bin/tool","args":["tool","write","/hooks/start","x"]}]'
	program true
	create
	start
	eventually status_is stopped
	[ -e "$BUNDLE/rootfs/hooks/start" ]
	rt delete --force "$ID"
	same "$(tr '\n' ' ' <"$T/order")" "prestart createRuntime createContainer poststart poststop "
}

@test "hooks: the state on standard input, with status and pid" {
	hook createRuntime 'echo "$state" >$T/s1'
	hook poststart 'echo "$state" >$T/s2'
	hook poststop 'echo "$state" >$T/s3'
	launch pause
	jq -e --arg id "$ID" --arg b "$BUNDLE" '.id==$id and .bundle==$b and .status=="creating" and .pid>1 and (.ociVersion|type)=="string"' "$T/s1"
	eventually jq -e '.status=="running" and .pid>1' "$T/s2"
	rt delete --force "$ID"
	jq -e '.status=="stopped"' "$T/s3"
}

@test "hooks: args, env, and nothing of the caller's environment" {
	printf '#!/bin/sh\n(echo "$@"; env) >%s/out\n' "$T" >"$T/h"
	chmod 755 "$T/h"
	config ".hooks.createRuntime=[{path:\"$T/h\",args:[\"name\",\"one\",\"two\"],env:[\"A=b\"]}]"
	X_CALLER=1 box true
	grep -qx "one two" "$T/out"
	grep -qx A=b "$T/out"
	run grep X_CALLER "$T/out"
	[ "$status" -ne 0 ]
}

@test "hooks: createRuntime runs in the runtime's namespaces, with the container's there" {
	hook createRuntime 'readlink /proc/self/ns/net >$T/hostns; p=$(echo "$state" | sed "s/.*\"pid\": *\([0-9]*\).*/\1/"); readlink /proc/$p/ns/net >$T/ns'
	box ns net
	same "$(cat "$T/hostns")" "$(readlink /proc/self/ns/net)"
	same "$(cat "$T/ns")" "$output"
}

@test "hooks: createContainer runs in the container's mount namespace, before pivot" {
	hook createContainer 'readlink /proc/self/ns/mnt >$T/mnt; ls / >$T/ls'
	box ns mnt
	same "$(cat "$T/mnt")" "$output"
}

@test "hooks: a failing prestart, createRuntime or createContainer undoes the create and is named" {
	local s
	for s in prestart createRuntime createContainer; do
		config 'del(.hooks)'
		hook $s 'echo complaint >&2; exit 7'
		hook poststop 'echo poststop >>$T/order'
		program write /tmp/ran
		write_config
		fails rt run -b "$BUNDLE" "$ID"
		has "hook"
		[ ! -e "$BUNDLE/rootfs/tmp/ran" ]
		[ -z "$WASIRUN" ] || has "$T/hook-$s"
		nothing_left
	done
}

@test "hooks: a failing startContainer keeps the program from running" {
	config '.hooks.startContainer=[{"path":"/bin/tool","args":["tool","false"]}]'
	program write /tmp/ran
	write_config
	fails rt run -b "$BUNDLE" "$ID"
	[ ! -e "$BUNDLE/rootfs/tmp/ran" ]
}

@test "hooks: a failing poststop is only a warning" {
	hook poststop 'exit 3'
	launch pause
	ok rt delete --force "$ID"
	nothing_left
}

@test "hooks: a missing one is an error that names it" {
	config '.hooks.createRuntime=[{"path":"/no/such/hook"}]'
	box true
	refused
	has /no/such/hook
}

@test "hooks: a relative path is refused" {
	config '.hooks.createRuntime=[{"path":"hook"}]'
	box true
	refused
}

@test "hooks: timeout ends it and what it started" {
	printf '#!/bin/sh\nsleep 61.5 &\nsleep 61.5\n' >"$T/h"
	chmod 755 "$T/h"
	config ".hooks.createRuntime=[{path:\"$T/h\",timeout:1}]"
	program true
	write_config
	local t0=$SECONDS
	fails rt run -b "$BUNDLE" "$ID"
	[ $((SECONDS - t0)) -lt 10 ]
	[ -z "$WASIRUN" ] || { run pgrep -f "sleep 61.5"; same "$output" ""; }
	for p in $(pgrep -f "^sleep 61.5"); do kill "$p"; done
}

@test "hooks: huge output does not stop it" {
	hook createRuntime 'head -c 3000000 /dev/zero | tr "\0" x'
	box true
	good
}

@test "hooks: one that never reads its standard input" {
	printf '#!/bin/sh\nexec true\n' >"$T/h"
	chmod 755 "$T/h"
	config ".hooks.createRuntime=[{path:\"$T/h\"}] | .annotations={big:(\"x\"*100000)}"
	box true
	good
}

@test "hooks: several of one kind, in the order of the list" {
	printf '#!/bin/sh\necho $1 >>%s/order\n' "$T" >"$T/h"
	chmod 755 "$T/h"
	config ".hooks.createRuntime=[range(5)|{path:\"$T/h\",args:[\"h\",tostring]}]"
	box true
	good
	same "$(tr '\n' ' ' <"$T/order")" "0 1 2 3 4 "
}

@test "hooks: delete of a created container runs poststop" {
	hook poststop 'echo poststop >>$T/order'
	program true
	create
	rt delete --force "$ID"
	same "$(cat "$T/order")" poststop
}
