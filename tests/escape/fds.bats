#!/usr/bin/env bats
# What a path of the image can reach through descriptors of the runtime.
load helpers

@test "a program that is a link to a descriptor of the runtime does not run a program of the host" {
	local host n pid
	cp "$TOOL" "$T/hosttool"
	chmod 755 "$T/hosttool" "$T"
	# a process of the host that a program with the same uid may look into
	setpriv --reuid 1234 --regid 1234 --clear-groups --inh-caps=-all "$TOOL" pause </dev/null >/dev/null 2>&1 3>&- 4>&- &
	pid=$!
	AGENTS+=("$pid")
	config '.process.user={uid:1234,gid:1234} | .process.capabilities={} | .process.args=["/bin/x","print","HOST PROGRAM"]'
	write_config
	for n in {3..24}; do
		ln -sfn "/proc/self/fd/$n/$pid/root$T/hosttool" "$BUNDLE/rootfs/bin/x"
		fails rt run --bundle "$BUNDLE" "$ID"
		lacks "HOST PROGRAM"
	done
	ln -sfn /bin/tool "$BUNDLE/rootfs/bin/x"
	ok rt run --bundle "$BUNDLE" "$ID"
	has "HOST PROGRAM"
}

@test "a program run in a container is not found through a descriptor of the runtime either" {
	local n
	launch
	for n in {3..24}; do
		ln -sfn "/proc/self/fd/$n/self/root/bin/tool" "$BUNDLE/rootfs/bin/x"
		fails rt exec "$ID" /bin/x print REACHED
		lacks REACHED
	done
}
