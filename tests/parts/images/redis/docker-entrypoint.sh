#!/bin/sh
# Behaves as the entrypoint of the official Redis image does.
set -e

# Flags or a configuration file alone are arguments of the server.
case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac

# Started as root, the server gives its data to its own user and becomes it; `user:` in Compose skips this.
if [ "${1:-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec gosu redis "$0" "$@"
fi

# Data files for their owner only, unless a mask was asked for.
if [ "$(umask)" = 0022 ]; then umask 0077; fi

# The official image is built with protected mode off by default, Debian's binary is not: without this, no other container
# could connect. A setting of the user's own, in arguments or file, stands.
case "${1:-} ${2:-}" in
redis-server\ -v | redis-server\ -h | redis-server\ --version | redis-server\ --help | redis-server\ --test-memory | redis-server\ --check-system) ;;
redis-server\ *)
    case "$* $([ ! -f "${2:-}" ] || grep -i '^ *protected-mode' "$2")" in
    *protected-mode*) ;;
    *) set -- "$@" --protected-mode no ;;
    esac
    ;;
esac

exec "$@"
