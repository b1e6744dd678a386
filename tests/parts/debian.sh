# Debian's packages: installed where harmless, else unpacked into the cache. Sourced after cache.sh.

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo -n "$@"; fi; }

installed() {
    local package
    for package; do
        [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] || return 1
    done
}

# debian_install PACKAGE…: only packages that start no service of their own.
debian_install() {
    installed "$@" && return 0
    locked apt debian_install_while_locked "$@"
}

debian_install_while_locked() {
    installed "$@" && return 0
    say "installing $*"
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=300 install --no-install-recommends "$@")
    # The package lists may be missing or stale: only then are they worth fetching.
    as_root "${install[@]}" >/dev/null 2>&1 </dev/null && return 0
    logged as_root apt-get -q -o DPkg::Lock::Timeout=300 update
    logged as_root "${install[@]}"
}

# debian_unpack SUITE FOLDER PACKAGE…: unpacks packages of any suite without touching the system or /etc/apt: apt runs with
# lists, cache and sources of its own. SUITE `host` means the machine's own sources.
debian_unpack() {
    local suite=$1 into=$2 debs
    shift 2
    debs=$(mktemp -d "$PARTS/.debs.XXXXXX")
    if [[ $suite == host ]]; then
        local download=(apt-get -q -o APT::Sandbox::User=root download "$@")
        ( cd "$debs" && { "${download[@]}" >/dev/null 2>&1 || { logged as_root apt-get -q update && logged "${download[@]}"; }; } )
    else
        locked "apt-$suite" apt_of "$suite" update
        ( cd "$debs" && apt_of "$suite" download "$@" )
    fi
    local deb
    for deb in "$debs"/*.deb; do dpkg -x "$deb" "$into"; done
    rm -rf "$debs"
}

# apt_of SUITE COMMAND…: apt-get for one suite of the mirror that this machine already uses.
apt_of() {
    local suite=$1 home=$PARTS/apt-$1 mirror
    shift
    mirror=$(debian_mirror)
    mkdir -p "$home/lists/partial" "$home/cache/archives/partial"
    printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite" >"$home/sources.list"
    : >"$home/status"
    logged apt-get -q -o Dir::Etc::SourceList="$home/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null -o APT::Default-Release= \
        -o Dir::State="$home" -o Dir::State::Lists="$home/lists" -o Dir::State::Status="$home/status" -o Dir::Cache="$home/cache" \
        -o APT::Sandbox::User= -o Acquire::Languages=none "$@"
}

debian_mirror() {
    local mirror=${ATLAS_PARTS_DEBIAN:-}
    if [[ -z $mirror ]]; then mirror=$(mirror_of_sources); fi
    # Whose mirror it is stands in the lists, which a fresh machine does not have yet.
    if [[ -z $mirror ]]; then logged as_root apt-get -q -o DPkg::Lock::Timeout=300 update && mirror=$(mirror_of_sources); fi
    [[ -n $mirror ]] || die 'no Debian mirror in the sources of apt; set ATLAS_PARTS_DEBIAN to one'
    printf '%s\n' "$mirror"
}

mirror_of_sources() {
    apt-get indextargets --format '$(SITE) $(COMPONENT) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
        awk '$2 == "main" && $3 == "Debian" && $4 == "Debian" { print $1; exit }'
}
