load helpers
load sandbox_helpers

# Ports: leased under a lock, told whose they are, freed at once, bound where they may be.

listener() { # ADDRESS PORT: a process of somebody else's
	python3 -c 'import socket, sys, time
f = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(f); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind((sys.argv[1], int(sys.argv[2]))); s.listen(); print("listens", flush=True); time.sleep(60)' "$1" "$2" >"$T/agent" 2>&1 </dev/null 3>&- 4>&- &
	AGENTS+=($!)
	LISTENER=$!
	eventually grep -q listens "$T/agent"
}
listens() { ss -Hltn "sport = :$1" | awk '{ print $4 }' | sort | paste -sd' '; }

@test "ten creates at once get ten ports; two of one port: one has it, the other is told who" {
	need_engine redis
	local i p
	does create redis first # the template is there
	for i in 0 1 2 3 4 5 6 7 8 9; do rt sandbox create redis "s$i" >"$T/out.$i" 2>&1 </dev/null 3>&- 4>&- & done
	wait
	for i in 0 1 2 3 4 5 6 7 8 9; do grep -q "created in" "$T/out.$i" || { cat "$T/out.$i"; return 1; }; done
	same "$(for i in 0 1 2 3 4 5 6 7 8 9; do conf s$i DB_PORT; done | sort -u | wc -l)" 10
	p=$(some_port)
	for i in a b c; do rt sandbox create redis "$i" "$p" >"$T/out.$i" 2>&1 </dev/null 3>&- 4>&- & done
	wait
	same "$(cat "$T"/out.[abc] | grep -c "created in")" 1
	same "$(cat "$T"/out.[abc] | grep -cE "port $p belongs to sandbox [abc] \\($T/tree/.sandboxes/[abc]\\); --port auto")" 2
	same "$(ls .sandboxes | wc -l)" 12
}

@test "a taken port: whose it is, a sandbox's (stopped too) or a process's; auto finds another; freed by destroy at once" {
	need_engine redis
	local p
	p=$(some_port)
	does create redis one "$p"
	refuses create redis two "$p"
	has "port $p belongs to sandbox one ($T/tree/.sandboxes/one)"
	mkdir ../else
	cd ../else
	refuses create redis two "$p" # from another directory
	has "belongs to sandbox one ($T/tree/.sandboxes/one)"
	cd ../tree
	does start one
	does destroy one
	up redis two "$p" # at once
	same "$(sql two PING)" PONG
	does destroy two
	listener 127.0.0.1 "$p"
	refuses create redis three "$p"
	matches "port $p is in use by python3[0-9.]* \(pid $LISTENER\)"
	refuses create redis three "$p" --publish 0.0.0.0
	has "in use by"
	[ ! -e .sandboxes/three ]
	kill $LISTENER
	wait $LISTENER || true
	does create redis three "$p"
	# taken while it was stopped
	listener 0.0.0.0 "$p"
	refuses start three
	matches "port $p is in use by python3"
	kill $LISTENER
	wait $LISTENER || true
	does start three
	same "$(sql three PING)" PONG
}

@test "bound on the loopback alone; --publish: an address, all of them, IPv6; what is none of ours" {
	need_engine redis
	local p mine
	p=$(some_port)
	up redis dev "$p"
	same "$(listens "$p")" "127.0.0.1:$p"
	does destroy dev
	up redis dev "$p" --publish 0.0.0.0
	same "$(listens "$p")" "0.0.0.0:$p"
	same "$(conf dev DB_HOST)" 127.0.0.1
	mine=$(hostname -I | tr ' ' '\n' | grep -m1 '\.' || true)
	[ -z "$mine" ] || same "$(ask "$mine" dev PING)" PONG
	does restart dev
	same "$(listens "$p")" "0.0.0.0:$p"
	does destroy dev
	up redis dev "$p" --publish 127.0.0.3
	same "$(listens "$p")" "127.0.0.3:$p"
	same "$(ask 127.0.0.3 dev PING)" PONG
	does destroy dev
	refuses create redis dev --publish 203.0.113.7
	has "no address of this machine"
	refuses create redis dev --publish somewhere
	has "is not an IP address"
	grep -q . /proc/net/if_inet6 || return 0
	up redis dev "$p" --publish ::1
	matches "on \[::1\]:$p, ready"
	same "$(listens "$p")" "[::1]:$p"
	same "$(ask ::1 dev PING)" PONG
	does env dev --json
	has "@[::1]:$p/0"
	does destroy dev
	up redis dev "$p" --publish ::
	same "$(listens "$p")" "0.0.0.0:$p [::]:$p"
	same "$(ask ::1 dev PING) $(ask 127.0.0.1 dev PING)" "PONG PONG"
}

@test "published at IPv6: PostgreSQL and MariaDB answer there" {
	need_engine postgres mariadb
	grep -q . /proc/net/if_inet6 || skip "no IPv6"
	up postgres six --publish ::1
	same "$(ask ::1 six "SELECT 3")" 3
	up mariadb my --publish ::1
	same "$(ask ::1 my "SELECT 4")" 4
}
