# Docker engines: the one at hand, newer ones, and a private registry. Sourced after debian.sh.

engine() {
    if docker version >/dev/null 2>&1; then return 0; fi
    locked engine engine_while_locked
}

engine_while_locked() {
    if docker version >/dev/null 2>&1; then return 0; fi
    debian_install docker.io iptables
    # The package may have started a service of its own.
    if answers 5; then return 0; fi
    local log=$PARTS/dockerd.log
    say "starting dockerd (log: $log)"
    as_root sh -c 'setsid nohup dockerd </dev/null >"$1" 2>&1 9>&- &' sh "$log"
    answers 60 || { tail -n 20 "$log" >&2; die 'dockerd did not come up'; }
}

# answers SECONDS: waits until the engine at hand answers.
answers() {
    local until=$((SECONDS + $1))
    until docker version >/dev/null 2>&1; do
        if ((SECONDS >= until)); then return 1; fi
        sleep 0.2
    done
}

newer_engine() { cached "engine-$1" unpack_engine "$1"; }
unpack_engine() {
    local version=$1 into=$2 suite
    case $version in 26) suite=trixie ;; 28) suite=sid ;; esac
    debian_unpack "$suite" "$into" docker.io docker-cli containerd
    # Their runc wants a newer libc; the one of this machine serves.
    debian_install runc iptables
    find "$into" -name runc -delete
    "$into/usr/sbin/dockerd" --version | grep -q "version $version\." || say "warning: $suite no longer has engine $version: $("$into/usr/sbin/dockerd" --version)"
}

registry() { cached registry unpack_registry; }
unpack_registry() { debian_unpack host "$1" docker-registry; }

# registry_up FOLDER [IMAGE…]: a registry of our own. Engines take 127.0.0.0/8 without TLS.
registry_up() {
    local folder=$1 port address image name until
    shift
    registry
    mkdir -p "$folder/storage"
    folder=$(cd "$folder" && pwd)
    port=$(/usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    address=127.0.0.1:$port
    printf 'version: 0.1\nlog: {level: warn}\nstorage:\n  filesystem: {rootdirectory: %s}\n  delete: {enabled: true}\nhttp: {addr: %s}\n' "$folder/storage" "$address" >"$folder/config.yml"
    setsid "$PARTS/registry/usr/bin/docker-registry" serve "$folder/config.yml" </dev/null >"$folder/registry.log" 2>&1 &
    echo $! >"$folder/registry.pid"
    until=$((SECONDS + 20))
    until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        if ((SECONDS >= until)); then tail -n 20 "$folder/registry.log" >&2; die 'the registry did not come up'; fi
        sleep 0.1
    done
    for image in "${@:-atlas-test/trivial:1}"; do
        # One-word names are in `library/`, as in the public registry, so that the address also serves as a mirror of it.
        name=$address/$([[ $image == */* ]] || echo library/)$image
        docker tag "$image" "$name"
        logged docker push -q "$name"
        docker image rm "$name" >/dev/null
    done
    printf '%s\n' "$address"
}

registry_down() { kill "$(<"$1/registry.pid")" && rm -f "$1/registry.pid"; }
