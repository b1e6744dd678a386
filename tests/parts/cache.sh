# The cache of parts: where it is, how something gets into it, who may touch it at once. Sourced, not run.
# It knows nothing of Debian, PyPI or Docker.

# Everything big lives here, outside every checkout, so that a fresh clone finds it.
PARTS=${ATLAS_PARTS:-${XDG_CACHE_HOME:-$HOME/.cache}/atlas-parts}
mkdir -p "$PARTS"
PARTS=$(cd "$PARTS" && pwd)

say() { printf 'parts: %s\n' "$*" >&2; }
die() { printf 'parts: error: %s\n' "$*" >&2; exit 1; }

# locked NAME COMMAND…: one provisioner at a time for NAME; others wait for it, then find the work done.
locked() {
    local name=$1
    shift
    (
        flock -w 1800 9 || die "waited 30 minutes for another run that provides \`$name\`"
        "$@"
    ) 9>"$PARTS/.lock-$name"
}

# cached FOLDER COMMAND…: unless $PARTS/FOLDER exists, run COMMAND with an empty folder as its last argument and put that
# folder in place in one rename: a killed run leaves nothing that looks finished.
cached() {
    local folder=$1
    shift
    [[ -e $PARTS/$folder ]] && return 0
    locked "$folder" cached_while_locked "$folder" "$@"
}

cached_while_locked() {
    local folder=$1 fresh
    shift
    [[ -e $PARTS/$folder ]] && return 0
    rm -rf "$PARTS/.new-$folder".*
    fresh=$(mktemp -d "$PARTS/.new-$folder.XXXXXX")
    chmod 755 "$fresh"
    say "providing $folder"
    strictly "$@" "$fresh" 9>&- || { rm -rf "$fresh"; die "cannot provide \`$folder\`"; }
    mv -T "$fresh" "$PARTS/$folder"
}

# strictly FUNCTION…: in a process of its own, so that `set -e` holds inside; bash ignores it in whatever a condition calls.
strictly() { "$HERE/provision" :strictly "$@"; }

# logged COMMAND…: quiet unless it fails.
logged() {
    local log
    log=$(mktemp "$PARTS/.log.XXXXXX")
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        local code=$?
        tail -n 40 "$log" >&2
        rm -f "$log"
        say "failed ($code): $*"
        return "$code"
    fi
}
