#!/usr/bin/env bats
# What the caller leaves us: limits, masks, readers who have gone.
load helpers

@test "a file size limit of 0 is an error with words, and nothing is left" {
	write_config
	(
		ulimit -f 0
		exec "$RUNTIME" --root "$T/root" create --bundle "$BUNDLE" "$ID"
	) </dev/null 2>&1 3>&- 4>&- | cat >"$T/out"
	grep -q "file too large" "$T/out"
	ok rt list -q
	lacks "$ID"
}

@test "a reader of standard output who has gone is an error, not a death" {
	{
		sleep 0.3
		rt features 2>"$T/out" || echo $? >"$T/rc"
	} | true || true
	same "$(cat "$T/rc")" 1
	grep -q "broken pipe" "$T/out"
}

@test "the umask of the caller locks nobody out, an ordinary user neither" {
	mkdir "$T/own"
	chown 4242 "$T/own"
	config 'del(.linux.cgroupsPath) | .linux.namespaces+=[{type:"user"}]
		| .linux.uidMappings=[{containerID:0,hostID:4242,size:1}] | .linux.gidMappings=.linux.uidMappings'
	write_config
	(
		umask 0777
		setpriv --reuid 4242 --regid 4242 --clear-groups "$RUNTIME" --root "$T/own/deep/root" create --bundle "$BUNDLE" "$ID" || true
		setpriv --reuid 4242 --regid 4242 --clear-groups "$RUNTIME" --root "$T/own/deep/root" delete -f "$ID"
	) >"$T/out" 2>&1 </dev/null 3>&- 4>&-
	if grep "state root" "$T/out"; then return 1; fi
	[ -d "$T/own/deep/root" ] || { cat "$T/out"; return 1; }
}
