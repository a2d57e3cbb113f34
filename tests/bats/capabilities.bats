load helpers

# cap_set NAME... as the set of all three
caps_config() {
	local a
	a=$(printf '%s\n' "$@" | jq -Rnc '[inputs|select(.!="")]')
	config ".process.capabilities={bounding:$a,effective:$a,permitted:$a}"
}

@test "capabilities: none" {
	caps_config ""
	box caps
	line CapInh=0000000000000000 CapPrm=0000000000000000 CapEff=0000000000000000 CapBnd=0000000000000000 CapAmb=0000000000000000
}

@test "capabilities: exactly those asked for" {
	caps_config CAP_CHOWN CAP_KILL CAP_NET_ADMIN
	box caps
	line CapInh=0000000000000000 CapPrm=0000000000001021 CapEff=0000000000001021 CapBnd=0000000000001021 CapAmb=0000000000000000
}

@test "capabilities: absent means none" {
	config 'del(.process.capabilities)'
	box caps
	line CapEff=0000000000000000 CapBnd=0000000000000000
}

@test "capabilities: inheritable and ambient where asked" {
	config '.process.user={"uid":1000,"gid":1000} | .process.capabilities={"bounding":["CAP_KILL"],"permitted":["CAP_KILL"],
		"inheritable":["CAP_KILL"],"ambient":["CAP_KILL"],"effective":["CAP_KILL"]}'
	box caps
	line CapInh=0000000000000020 CapPrm=0000000000000020 CapEff=0000000000000020 CapAmb=0000000000000020
}

@test "capabilities: an ordinary user keeps none in effect, the bounding set stays" {
	config '.process.user={"uid":1000,"gid":1000}'
	box caps
	line CapEff=0000000000000000 CapPrm=0000000000000000 CapAmb=0000000000000000
}

@test "capabilities: an unknown name is a warning" {
	caps_config CAP_CHOWN CAP_NONSENSE
	box caps
	good
	line CapEff=0000000000000001
}

@test "capabilities: one that the caller lacks is a warning" {
	wasirun_only
	caps_config CAP_CHOWN CAP_SYS_RESOURCE
	program caps
	write_config
	ok setpriv --bounding-set -sys_resource "$RUNTIME" --root "$T/root" run -b "$BUNDLE" "$ID"
	line CapBnd=0000000000000001 CapEff=0000000000000001
}

@test "capabilities: a set that is not a list is refused" {
	config '.process.capabilities={"bounding":"CAP_CHOWN"}'
	box caps
	refused
	has bounding
}
