load helpers

@test "sysctl: of the container's namespaces" {
	config '.linux.sysctl={"net.ipv4.ip_forward":"1","kernel.shm_rmid_forced":"1","net/ipv4/conf/lo/forwarding":"1"}'
	box cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shm_rmid_forced
	same "$output" $'1\n1'
}

@test "sysctl: of the host are refused" {
	local k
	for k in kernel.core_pattern vm.swappiness fs.file-max kernel.sysrq; do
		config ".linux.sysctl={\"$k\":\"1\"}"
		box true
		refused
		has "$k"
	done
}

@test "sysctl: net and ipc without a namespace of their own are refused" {
	config '.linux.namespaces |= map(select(.type!="network" and .type!="ipc")) | .mounts |= map(select(.type!="sysfs" and .type!="mqueue"))'
	config '.linux.sysctl={"net.ipv4.ip_forward":"1"}'
	box true
	refused
	config '.linux.sysctl={"kernel.shm_rmid_forced":"1"}'
	box true
	refused
}

@test "sysctl: keys that climb and values with line feeds are refused" {
	wasirun_only
	config '.linux.sysctl={"net/../kernel/core_pattern":"x"}'
	box true
	refused
	config '.linux.sysctl={"net.ipv4.ip_forward":"1\n2"}'
	box true
	refused
}

@test "sysctl: one that does not exist is refused and named" {
	config '.linux.sysctl={"net.no.such":"1"}'
	box true
	refused
	matches "net.no.such|net/no/such"
}
