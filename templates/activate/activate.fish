# The database sandbox @NAME@ in this fish: its variables and its name in the prompt, until `deactivate`.
#
#	source .sandboxes/@NAME@/activate.fish
#
# Reads config/sandbox.conf of the directory that this file stands in, whenever it is sourced. Starts no program.

# Assignments of sandbox.conf, quoted as a shell does: NAME='it'\''s'.
function _wasirun_read -a file
    set -l text
    read -z text <$file
    set -l name ''
    set -l value ''
    set -l rest ''
    while string match -qr '(?s)^(?:#[^\n]*\n|\s)*(?<name>\w+)=(?<value>(?:\'[^\']*\'|"(?:[^"\\\\]|\\\\.)*"|\\\\.|[^\s\'"\\\\])*)(?<rest>.*)$' -- $text
        set text $rest
        set -l out ''
        set -l single ''
        set -l double ''
        set -l bare ''
        while string match -qr '(?s)^(?:\'(?<single>[^\']*)\'|"(?<double>(?:[^"\\\\]|\\\\.)*)"|\\\\(?<bare>.))(?<rest>.*)$' -- $value
            or string match -qr '(?s)^(?<bare>[^\'"\\\\]+)(?<rest>.*)$' -- $value
            test -n "$double"; and set double (string replace -ra '\\\\([\\\\"$`])' '$1' -- "$double" | string collect)
            set out "$out$single$double$bare"
            set value $rest
            set single ''
            set double ''
            set bare ''
        end
        contains -- $name SANDBOX_NAME SANDBOX_ENGINE DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD DB_SOCKET
        and set -gx $name $out
    end
end

function _wasirun_encode
    string escape --style=url -- $argv[1] | string collect | string replace -a / %2F
end

function _wasirun_url -a scheme
    set -l url $scheme://
    if set -q DB_USER
        set url $url(_wasirun_encode $DB_USER)
        set -q DB_PASSWORD; and set url $url:(_wasirun_encode $DB_PASSWORD)
        set url $url@
    end
    string match -q '*:*' -- $DB_HOST; and set url "$url""[$DB_HOST]:$DB_PORT"; or set url $url$DB_HOST:$DB_PORT
    set -q DB_NAME; and set url $url/(_wasirun_encode $DB_NAME)
    echo $url
end

function _wasirun_activate -a dir
    if not test -f $dir/config/sandbox.conf
        echo "activate.fish: $dir/config/sandbox.conf is not there" >&2
        return 1
    end
    set -qg _wasirun_mark; and _wasirun_restore
    set -g _wasirun_variables @VARIABLES@
    for v in $_wasirun_variables
        if set -qg $v
            set -g _wasirun_old_$v $$v
            set -qgx $v; and set -g _wasirun_was_$v exported; or set -g _wasirun_was_$v set
            set -eg $v
        end
    end
    _wasirun_read $dir/config/sandbox.conf
    set -gx SANDBOX_NAME (string replace -r '.*/' '' -- $dir)
    set -gx SANDBOX_DIR $dir
    set -gx SANDBOX_CAPS $dir/config/capabilities.json
    set -l url (_wasirun_url '@SCHEME@')
@ASSIGNMENTS@
    set -g _wasirun_mark "($SANDBOX_NAME) "
    if functions -q fish_prompt
        functions -e _wasirun_prompt
        functions -c fish_prompt _wasirun_prompt
        function fish_prompt
            # the exit status is the prompt's to see
            set -l last $status
            echo -n $_wasirun_mark
            echo "exit $last" | source
            _wasirun_prompt
        end
    end
    functions -q deactivate; and functions -c deactivate _wasirun_outer
    function deactivate
        sandbox_deactivate
    end
end

function _wasirun_restore
    for v in $_wasirun_variables
        set -eg $v
        set -l was _wasirun_was_$v
        set -l old _wasirun_old_$v
        if test "$$was" = exported
            set -gx $v $$old
        else if test "$$was" = set
            set -g $v $$old
        end
        set -eg $was
        set -eg $old
    end
    if functions -q _wasirun_prompt
        functions -e fish_prompt
        functions -c _wasirun_prompt fish_prompt
        functions -e _wasirun_prompt
    end
    set -eg _wasirun_mark
    set -eg _wasirun_variables
    # who was activated after us has a deactivate of its own
    if functions deactivate | string match -q '*sandbox_deactivate*'
        functions -e deactivate
        if functions -q _wasirun_outer
            functions -c _wasirun_outer deactivate
            functions -e _wasirun_outer
        end
    end
end

function sandbox_deactivate
    _wasirun_restore
    functions -e sandbox_deactivate _wasirun_restore
end

set -l _wasirun_dir (path resolve (status filename) 2>/dev/null; or realpath (status filename))
_wasirun_activate (string replace -r '/[^/]*$' '' -- $_wasirun_dir)
set -l _wasirun_status $status
functions -e _wasirun_read _wasirun_encode _wasirun_url _wasirun_activate
test $_wasirun_status = 0
