# Images without a registry: a root of binaries with their libraries, imported into the engine at hand. Sourced after debian.sh.
# It never replaces an image that somebody else put there: the real `mongo:7` is better than ours.

image_label=dev.atlas.test.stamp

# image TAG STAMP MAKE IMPORT-OPTION…: imports what `MAKE ROOT OWNED` lays out, unless an image with this stamp is there.
# Everything in ROOT belongs to root, everything in OWNED to uid and gid of the file OWNED.ids.
image() {
    local tag=$1 stamp=$2
    image_is_there "$tag" "$stamp" || locked "image-${tag//[^a-z0-9]/-}" image_while_locked "$@"
}

image_is_there() {
    local found
    # Without our label the image is not ours, thus not ours to replace.
    found=$(docker image inspect --format "{{with .Config.Labels}}{{index . \"$image_label\"}}{{end}}" "$1" 2>/dev/null) || return 1
    [[ -z $found || $found == "$2" ]]
}

image_while_locked() {
    local tag=$1 stamp=$2 make=$3 work
    shift 3
    if image_is_there "$tag" "$stamp"; then return 0; fi
    say "making image $tag"
    work=$(mktemp -d "$PARTS/.image.XXXXXX")
    mkdir "$work/root" "$work/owned"
    strictly "$make" "$work/root" "$work/owned" 9>&- || { rm -rf "$work"; die "cannot make image \`$tag\`"; }
    local archive=(tar --sort=name --mtime=@0 --numeric-owner --format=gnu)
    "${archive[@]}" --owner=0 --group=0 -C "$work/root" -cf "$work/tar" .
    if [[ -f $work/owned.ids ]]; then
        # By its entries, not as `.`: an engine refuses an archive that names a folder twice.
        ( cd "$work/owned" && "${archive[@]}" --owner="$(cut -d: -f1 "$work/owned.ids")" --group="$(cut -d: -f2 "$work/owned.ids")" -rf "$work/tar" -- * )
    fi
    local old
    old=$(docker image inspect --format '{{.Id}}' "$tag" 2>/dev/null) || old=
    docker import "$@" -c "LABEL $image_label=$stamp" "$work/tar" "$tag" >/dev/null
    # Ours, from an older recipe; it stays as long as a container uses it.
    if [[ -n $old ]]; then docker image rm "$old" >/dev/null 2>&1 || :; fi
    rm -rf "$work"
}

# stamp FILE-OR-TEXT…: what an image depends on, as one short hash.
stamp() {
    local input
    for input; do if [[ -f $input ]]; then cat "$input"; else printf '%s\n' "$input"; fi; done | sha256sum | cut -c1-16
}

# root_base ROOT 'user:uid:gid': folders, users and a static busybox for sh and the small tools.
root_base() {
    local root=$1 user uid gid applet
    IFS=: read -r user uid gid <<<"$2"
    mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,usr/bin,usr/local/bin,var/tmp}
    chmod 1777 "$root/tmp" "$root/var/tmp"
    printf 'root:x:0:0:root:/root:/bin/sh\n%s:x:%s:%s::/data:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n' "$user" "$uid" "$gid" >"$root/etc/passwd"
    printf 'root:x:0:\n%s:x:%s:\nnogroup:x:65534:\n' "$user" "$gid" >"$root/etc/group"
    cp /bin/busybox "$root/bin/busybox"
    for applet in $(/bin/busybox --list | grep -vx busybox); do ln -sf busybox "$root/bin/$applet"; done
}

# root_binary ROOT SOURCE [TARGET]: a binary and the libraries that it loads, at the paths where they are here.
root_binary() {
    local root=$1 source=$2 target=${3:-$2} library
    mkdir -p "$root$(dirname "$target")"
    rm -f "$root$target"
    cp -L "$source" "$root$target"
    { ldd "$source" 2>/dev/null || :; } | { grep -oE '/[^ ]+\.so[^ ]*' || :; } | while read -r library; do
        [[ -e $root$library ]] || { mkdir -p "$root$(dirname "$library")" && cp -L "$library" "$root$library"; }
    done
}

# root_perl ROOT MODULE…: perl with the modules and what they load.
root_perl() {
    local root=$1 file
    shift
    root_binary "$root" /usr/bin/perl
    /usr/bin/perl "${@/#/-M}" -e 'print "$_\n" for (grep { defined } values %INC), @DynaLoader::dl_shared_objects' | sort -u | while read -r file; do
        if [[ $file == *.so ]]; then root_binary "$root" "$file"; else mkdir -p "$root$(dirname "$file")" && cp -L "$file" "$root$file"; fi
    done
}

gosu_binary() { cached gosu debian_unpack_gosu && printf '%s\n' "$PARTS/gosu/usr/sbin/gosu"; }
debian_unpack_gosu() { debian_unpack host "$1" gosu; }

root_mongo() {
    local root=$1 owned=$2
    root_base "$root" mongodb:999:999
    rm -f "$root/bin/bash"
    root_binary "$root" /bin/bash
    root_binary "$root" "$(mongod_folder)/mongod" /usr/bin/mongod
    root_binary "$root" "$(gosu_binary)" /usr/local/bin/gosu
    root_perl "$root" strict warnings Digest::SHA IO::Socket::INET IO::Select MIME::Base64 Carp::Heavy
    install -m 755 "$HERE/images/mongo/mongosh" "$root/usr/bin/mongosh"
    install -m 755 "$HERE/images/mongo/docker-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
    mkdir "$root/docker-entrypoint-initdb.d"
    mkdir -p "$owned/data/db" "$owned/data/configdb"
    echo 999:999 >"$owned.ids"
}

root_redis() {
    local root=$1 owned=$2
    root_base "$root" redis:999:1000
    root_binary "$root" /usr/bin/redis-check-rdb /usr/local/bin/redis-server
    root_binary "$root" /usr/bin/redis-cli /usr/local/bin/redis-cli
    ln -s redis-server "$root/usr/local/bin/redis-check-aof"
    ln -s redis-server "$root/usr/local/bin/redis-check-rdb"
    root_binary "$root" "$(gosu_binary)" /usr/local/bin/gosu
    install -m 755 "$HERE/images/redis/docker-entrypoint.sh" "$root/usr/local/bin/docker-entrypoint.sh"
    mkdir "$owned/data"
    echo 999:1000 >"$owned.ids"
}

root_trivial() {
    mkdir -p "$1/tmp"
    chmod 1777 "$1/tmp"
    gcc -O2 -static -s -Wall -Wextra -o "$1/trivial" "$HERE/images/trivial/trivial.c"
}

images() {
    docker version >/dev/null 2>&1 || die 'no engine answers; `provision engine` starts one'
    debian_install busybox-static perl redis-tools gcc libc6-dev
    mongod_folder >/dev/null
    gosu_binary >/dev/null
    local path='ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' packages
    packages=$(dpkg-query -W busybox-static perl redis-tools bash libc6)
    image mongo:7 "$(stamp "$HERE"/image.sh "$HERE"/images/mongo/* "$(mongod_folder | xargs basename)" "$packages")" root_mongo \
        -c "$path" -c 'ENV HOME=/data/db' -c 'VOLUME /data/db /data/configdb' -c 'EXPOSE 27017' \
        -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["mongod"]'
    image redis:7-alpine "$(stamp "$HERE"/image.sh "$HERE"/images/redis/* "$packages")" root_redis \
        -c "$path" -c 'VOLUME /data' -c 'WORKDIR /data' -c 'EXPOSE 6379' -c 'ENTRYPOINT ["docker-entrypoint.sh"]' -c 'CMD ["redis-server"]'
    image atlas-test/trivial:1 "$(stamp "$HERE"/image.sh "$HERE"/images/trivial/*)" root_trivial \
        -c 'ENV PORT=8080' -c 'EXPOSE 8080' -c 'ENTRYPOINT ["/trivial"]'
}
