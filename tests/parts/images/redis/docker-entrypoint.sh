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

exec "$@"
