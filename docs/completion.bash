# bash completion for wasirun; made by `wasirun introspect bash`
_wasirun() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} verb='' i root=() dir=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--root) root=(--root "${COMP_WORDS[++i]}") ;;
		--log | --log-format | --log-level | --cgroup-manager | --rootless) ((i++)) ;;
		--dir | --env-file) dir+=("${COMP_WORDS[i]}" "${COMP_WORDS[++i]}") ;;
		-*) ;;
		help) ;;
		*) verb=${verb:+$verb }${COMP_WORDS[i]}
			case $verb in '' | 'sandbox') ;; *) break ;; esac ;;
		esac
	done
	case $prev in
	--bundle | -b | --root | --image-path | --work-path | --dir)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--pid-file | --config | -f | --log | --process | -p | --resources | -r | --console-socket | --pidfd-socket | --file | --env-file | --manifest)
		mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	esac
	local words=''
	case $verb in
	'') words='--root --log --log-format --log-level --debug --cgroup-manager --systemd-cgroup --rootless --version --help create start run exec kill delete state list ps pause resume update events guard sandbox manifest plan spec features checkpoint restore help version' ;;
	'create') words='--bundle --config --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --no-subreaper --help' ;;
	'start') words='--help' ;;
	'run') words='--bundle --config --console-socket --pidfd-socket --pid-file --no-pivot --no-new-keyring --preserve-fds --no-subreaper --detach --keep --help' ;;
	'exec') words='--process --console-socket --pidfd-socket --cwd --env --tty --user --additional-gids --detach --pid-file --process-label --apparmor --no-new-privs --cap --preserve-fds --cgroup --ignore-paused --help' ;;
	'kill') words='--signal --all --regex --help' ;;
	'delete') words='--force --regex --help' ;;
	'state') words='--help' ;;
	'list') words='--format --quiet --help' ;;
	'ps') words='--format --help' ;;
	'pause') words='--help' ;;
	'resume') words='--help' ;;
	'update') words='--resources --blkio-weight --cpu-period --cpu-quota --cpu-burst --cpu-share --cpu-rt-period --cpu-rt-runtime --cpuset-cpus --cpuset-mems --cpu-idle --memory --memory-reservation --memory-swap --pids-limit --l3-cache-schema --mem-bw-schema --help' ;;
	'events') words='--interval --stats --help' ;;
	'guard') words='--manifest --restrict --read --write --cow --deny --tmpfs --listen --connect --env --memory --cpu --pids --timeout --output --profile --best-effort --help' ;;
	'sandbox') words='--dir --env-file --help create up start stop restart run with exec shell client list inspect status logs env activate snapshot restore clone reset template destroy prune init' ;;
	'sandbox create') words='--dir --env-file --json --port --publish --memory --cpu --pids --manifest --image --init --set --env --user --password --password-file --database --ttl --storage --backend --replace --timeout --start --help' ;;
	'sandbox up') words='--dir --env-file --json --port --publish --memory --cpu --pids --manifest --image --init --set --env --user --password --password-file --database --ttl --storage --backend --replace --timeout --help' ;;
	'sandbox start') words='--dir --env-file --json --timeout --help' ;;
	'sandbox stop') words='--dir --env-file --timeout --help' ;;
	'sandbox restart') words='--dir --env-file --json --timeout --help' ;;
	'sandbox run') words='--dir --env-file --timeout --help' ;;
	'sandbox with') words='--dir --env-file --port --publish --memory --cpu --pids --manifest --image --init --set --env --user --password --password-file --database --ttl --storage --backend --replace --timeout --snapshot --help' ;;
	'sandbox exec') words='--dir --env-file --help' ;;
	'sandbox shell') words='--dir --env-file --help' ;;
	'sandbox client') words='--dir --env-file --help' ;;
	'sandbox list') words='--dir --env-file --json --all --quiet --help' ;;
	'sandbox inspect') words='--dir --env-file --json --password --help' ;;
	'sandbox status') words='--dir --env-file --json --help' ;;
	'sandbox logs') words='--dir --env-file --follow --lines --tail --help' ;;
	'sandbox env') words='--dir --env-file --json --format --prefix --help' ;;
	'sandbox activate') words='--dir --env-file --format --help' ;;
	'sandbox snapshot') words='--dir --env-file --json --list --delete --stop --help' ;;
	'sandbox restore') words='--dir --env-file --stop --help' ;;
	'sandbox clone') words='--dir --env-file --json --port --new-password --start --stop --help' ;;
	'sandbox reset') words='--dir --env-file --stop --help' ;;
	'sandbox template') words='--dir --env-file --json --quiet --force --help' ;;
	'sandbox destroy') words='--dir --env-file --force --help' ;;
	'sandbox prune') words='--dir --env-file --dry-run --help' ;;
	'sandbox init') words='--dir --env-file --layout --force --help' ;;
	'manifest') words='--json --sandbox --sandbox-dir --found --bundle --restrict --file --help' ;;
	'plan') words='--bundle --config --id --json --no-pivot --no-new-keyring --help' ;;
	'spec') words='--bundle --file --rootless --help' ;;
	'features') words='--help' ;;
	'checkpoint') words='--image-path --work-path --parent-path --tcp-established --tcp-skip-in-flight --tcp-close --link-remap --ext-unix-sk --shell-job --file-locks --lazy-pages --auto-dedup --manage-cgroups-mode --network-lock --empty-ns --leave-running --pre-dump --status-fd --page-server --help' ;;
	'restore') words='--image-path --work-path --parent-path --tcp-established --tcp-skip-in-flight --tcp-close --link-remap --ext-unix-sk --shell-job --file-locks --lazy-pages --auto-dedup --manage-cgroups-mode --network-lock --empty-ns --console-socket --bundle --detach --pid-file --no-subreaper --no-pivot --lsm-profile --lsm-mount-context --help' ;;
	'help') words='--help' ;;
	'version') words='--help' ;;
	esac
	if [[ $verb == 'sandbox '* && $cur != -* ]]; then
		words=$(wasirun sandbox "${dir[@]}" list -q 2>/dev/null)
		case $verb in *' create' | *' up' | *' with') words+=' postgres mysql mariadb redis' ;; esac
	elif [[ -n $verb && $verb != sandbox && $cur != -* ]]; then
		words=$(wasirun "${root[@]}" list -q 2>/dev/null)
	fi
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}
complete -o filenames -F _wasirun wasirun
