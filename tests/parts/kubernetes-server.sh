# A real Kubernetes API server with its etcd. No package has one: it is built from the source of Debian 11, which holds all it
# needs. It is version 1.20, has no controllers and no nodes. Sourced after debian.sh.

kubernetes_server() {
    cached kubernetes-server-1.20.2 build_kubernetes_server
    cached kubectl unpack_kubectl
    "$PARTS/kubectl/kubectl" version --client >/dev/null || die 'kubectl is there but does not run'
}

# One Go binary; bookworm's knows no components of Kustomize.
unpack_kubectl() {
    local unpacked
    unpacked=$(mktemp -d "$PARTS/.kubectl.XXXXXX")
    debian_unpack trixie "$unpacked" kubectl
    install -m 755 "$unpacked/usr/bin/kubectl" "$1/kubectl"
    rm -rf "$unpacked"
}

build_kubernetes_server() {
    local work source
    work=$(mktemp -d "$PARTS/.kubernetes-server.XXXXXX")
    source=$work/path/src/k8s.io/kubernetes
    mkdir -p "$source"
    debian_unpack bookworm "$work/root" golang-1.19-go golang-1.19-src etcd-server
    locked apt-bullseye apt_of bullseye update
    printf 'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s bullseye main\n' "$(debian_mirror)" >"$work/sources.list"
    # The description of the package is no longer to be had for a file of this name; the source itself is.
    ( cd "$work" && apt_source "$work" update && { apt_source "$work" source --download-only kubernetes || true; } )
    tar -xf "$work"/kubernetes_1.20.5+really1.20.2.orig.tar.gz -C "$source" --strip-components=1
    (
        export GOROOT=$work/root/usr/lib/go-1.19 GOPATH=$work/path GOCACHE=$work/cache GO111MODULE=off CGO_ENABLED=0
        PATH=$GOROOT/bin:$PATH
        cd "$source"
        generate_openapi "$work"
        logged go build -ldflags '-s -w' -o "$1/kube-apiserver" ./cmd/kube-apiserver
    )
    install -m 755 "$work/root/usr/bin/etcd" "$1/etcd"
    rm -rf "$work"
}

# The one file that is generated rather than kept.
generate_openapi() {
    local work=$1 folders
    go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    folders=$(grep -rl --include='*.go' '+k8s:openapi-gen=' pkg staging/src/k8s.io cmd plugin | xargs -n 1 dirname |
        grep -v testdata | sort -u | sed -E 's#^staging/src/##; s#^(pkg|cmd|plugin)#k8s.io/kubernetes/\1#' | paste -sd ,)
    : >"$work/header"
    logged "$work/openapi-gen" --go-header-file "$work/header" -O zz_generated.openapi --input-dirs "$folders" \
        --output-package k8s.io/kubernetes/pkg/generated/openapi --output-base "$work/path/src" --report-filename "$work/violations" || true
    [[ -s pkg/generated/openapi/zz_generated.openapi.go ]]
}

apt_source() {
    local home=$PARTS/apt-bullseye work=$1
    shift
    logged apt-get -q -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=/dev/null -o Dir::State="$home" \
        -o Dir::State::Lists="$home/lists" -o Dir::State::Status="$home/status" -o Dir::Cache="$home/cache" -o APT::Sandbox::User= "$@"
}
