# nginx: of Debian 12, the newest of Debian, and an image of each. Sourced after image.sh.

# Not installed: the package would start a service on port 80.
nginx() {
    cached nginx unpack_nginx
    "$PARTS/nginx/nginx" -v 2>&1 | grep -q nginx || die 'nginx is there but does not run'
    cached nginx-newest unpack_newest_nginx
    "$PARTS/nginx-newest/nginx" -v 2>&1 | grep -q nginx || die 'the newest nginx is there but does not run'
}

unpack_nginx() {
    debian_unpack bookworm "$1" nginx libpcre2-8-0 libssl3 zlib1g
    printf '#!/bin/bash\n%s\n%s\n%s\n' 'home=$(cd "$(dirname "$0")" && pwd)' \
        'export LD_LIBRARY_PATH=$(echo "$home"/usr/lib/*-linux-gnu):$(echo "$home"/lib/*-linux-gnu)' 'exec "$home/usr/sbin/nginx" "$@"' >"$1/nginx"
    chmod 755 "$1/nginx"
}

# Of the unstable suite, with that suite's own C library and loader.
unpack_newest_nginx() {
    debian_unpack sid "$1" nginx libc6 libcrypt1 libpcre2-8-0 libssl3t64 zlib1g libzstd1
    printf '#!/bin/bash\n%s\n%s\n' 'home=$(cd "$(dirname "$0")" && pwd)' \
        'exec "$home"/usr/lib/*-linux-gnu/ld-linux-*.so.* --library-path "$(echo "$home"/usr/lib/*-linux-gnu)" "$home/usr/sbin/nginx" "$@"' >"$1/nginx"
    chmod 755 "$1/nginx"
}

# As that of the official image: it prepares a server, and says so, whenever nginx is what is started.
entrypoint() {
    printf '#!/bin/sh\n[ "$1" = nginx ] && echo "/docker-entrypoint.sh: Configuration complete; ready for start up"\nexec "$@"\n' >"$1/docker-entrypoint.sh"
    chmod 755 "$1/docker-entrypoint.sh"
}

root_nginx() {
    local root=$1 newest=$PARTS/nginx-newest loader
    root_base "$root" www-data:33:33
    mkdir -p "$root"/{usr/lib,usr/sbin,var/lib/nginx,var/log/nginx}
    loader=$(echo "$newest"/usr/lib/*-linux-gnu/ld-linux-*.so.*)
    cp -a "$(dirname "$loader")" "$root/usr/lib/"
    # The program names its loader by this path.
    mkdir -p "$root/lib64" && cp -L "$loader" "$root/lib64/$(basename "$loader")"
    install -m 755 "$newest/usr/sbin/nginx" "$root/usr/sbin/nginx"
    entrypoint "$root"
}

# That of Debian 12, with its own C library.
root_old_nginx() {
    local root=$1
    root_base "$root" www-data:33:33
    debian_unpack bookworm "$root" nginx libc6 libcrypt1 libpcre2-8-0 libssl3 zlib1g
    mkdir -p "$root"/var/{lib,log}/nginx
    entrypoint "$root"
}

nginx_image() {
    local config=(-c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' -c 'EXPOSE 80' -c 'ENTRYPOINT ["/docker-entrypoint.sh"]' -c 'CMD ["nginx", "-g", "daemon off;"]')
    nginx
    debian_install busybox-static
    image nginx:1.30-alpine "$(stamp "$HERE/nginx.sh" "$("$PARTS/nginx-newest/nginx" -v 2>&1)")" root_nginx "${config[@]}"
    image nginx:1.22-alpine "$(stamp "$HERE/nginx.sh" "$("$PARTS/nginx/nginx" -v 2>&1)")" root_old_nginx "${config[@]}"
}
