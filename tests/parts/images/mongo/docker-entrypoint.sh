#!/bin/bash
# Behaves as the entrypoint of the official MongoDB image does, for what a Compose file can ask of it: the same variables,
# the same order, the same messages. Left out: reading `--config` files, NUMA, TLS during initialisation.
set -Eeuo pipefail

if [[ ${1:0:1} == - ]]; then set -- mongod "$@"; fi
command=$1

# Started as root, the server gives its data to its own user and becomes it; `user:` in Compose skips this.
if [[ $command == mongo* && $(id -u) == 0 ]]; then
    if [[ $command == mongod ]]; then find /data/configdb /data/db ! -user mongodb -exec chown mongodb '{}' +; fi
    chown mongodb "/proc/$$/fd/1" "/proc/$$/fd/2" 2>/dev/null || :
    exec gosu mongodb "$BASH_SOURCE" "$@"
fi

# from_file NAME: NAME, or the content of the file that NAME_FILE names; never both.
from_file() {
    local name=$1 file=${1}_FILE
    if [[ -n ${!name:-} && -n ${!file:-} ]]; then
        echo >&2 "error: both $name and $file are set (but are exclusive)"
        exit 1
    fi
    if [[ -z ${!name:-} && -n ${!file:-} ]]; then
        export "$name"="$(<"${!file}")"
    else
        export "$name"="${!name:-}"
    fi
    unset "$file"
}

# without FLAG|OPTION= ARGUMENTS…: fills `kept` with the arguments without FLAG, or without OPTION and its value.
without() {
    local drop=${1%=} valued=$1
    shift
    kept=()
    while (($#)); do
        if [[ $1 == "$drop" ]]; then
            if [[ $valued == *= ]]; then shift; fi
        elif [[ $valued != *= || $1 != "$drop"=* ]]; then
            kept+=("$1")
        fi
        shift
    done
}

has() {
    local wanted=$1 argument
    shift
    for argument; do
        if [[ $argument == "$wanted" || $argument == "$wanted"=* ]]; then return 0; fi
    done
    return 1
}

data_folder() {
    while (($#)); do
        case $1 in
        --dbpath) echo "$2"; return ;;
        --dbpath=*) echo "${1#--dbpath=}"; return ;;
        --configsvr) echo /data/configdb; return ;;
        esac
        shift
    done
    echo /data/db
}

# A literal of JavaScript and JSON alike.
quoted() {
    local text=$1
    text=${text//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\r'/\\r}
    text=${text//$'\t'/\\t}
    printf '"%s"' "$text"
}

initialise() {
    local option kept=("$@")
    for option in --bind_ip= --bind_ip_all --port= --auth --keyFile= --logpath= --pidfilepath=; do without "$option" "${kept[@]}"; done
    if [[ -n $MONGO_INITDB_ROOT_USERNAME ]]; then without --replSet= "${kept[@]}"; fi

    # Until a user exists, nobody but this script may talk to the server.
    "${kept[@]}" --bind_ip 127.0.0.1 --port 27017 &
    local server=$! tries=300 mongo=(mongosh --host 127.0.0.1 --port 27017 --quiet)
    until "${mongo[@]}" admin --eval 'quit(0)' &>/dev/null; do
        if ! kill -0 "$server" 2>/dev/null; then
            printf >&2 '\nerror: %s does not appear to have stayed running -- perhaps it had an error?\n\n' "$command"
            exit 1
        fi
        if ((--tries == 0)); then
            printf >&2 '\nerror: %s does not appear to have accepted connections quickly enough -- perhaps it had an error?\n\n' "$command"
            exit 1
        fi
        sleep 0.1
    done

    if [[ -n $MONGO_INITDB_ROOT_USERNAME ]]; then
        "${mongo[@]}" admin <<<"db.createUser({ user: $(quoted "$MONGO_INITDB_ROOT_USERNAME"), pwd: $(quoted "$MONGO_INITDB_ROOT_PASSWORD"), roles: [ { role: 'root', db: 'admin' } ] })"
    fi

    export MONGO_INITDB_DATABASE=${MONGO_INITDB_DATABASE:-test}
    echo
    local f
    for f in /docker-entrypoint-initdb.d/*; do
        case $f in
        *.sh) echo "$0: running $f"; . "$f" ;;
        *.js) echo "$0: running $f"; "${mongo[@]}" "$MONGO_INITDB_DATABASE" "$f"; echo ;;
        *) echo "$0: ignoring $f" ;;
        esac
        echo
    done

    kill "$server"
    wait "$server" || :
    printf '\nMongoDB init process complete; ready for start up.\n\n'
}

if [[ $command == mongod ]]; then
    from_file MONGO_INITDB_ROOT_USERNAME
    from_file MONGO_INITDB_ROOT_PASSWORD
    wanted=
    if [[ -n $MONGO_INITDB_ROOT_USERNAME && -n $MONGO_INITDB_ROOT_PASSWORD ]]; then
        if ! has --auth "$@"; then set -- "$@" --auth; fi
        wanted=1
    elif [[ -n $MONGO_INITDB_ROOT_USERNAME || -n $MONGO_INITDB_ROOT_PASSWORD ]]; then
        printf >&2 '\n%s\n%s\n\n' "error: missing 'MONGO_INITDB_ROOT_USERNAME' or 'MONGO_INITDB_ROOT_PASSWORD'" \
            '       both must be specified for a user to be created'
        exit 1
    elif compgen -G '/docker-entrypoint-initdb.d/*.sh' >/dev/null || compgen -G '/docker-entrypoint-initdb.d/*.js' >/dev/null; then
        wanted=1
    fi
    # A folder that has data was initialised before: users and scripts are for empty ones only.
    folder=$(data_folder "$@")
    for path in WiredTiger journal local.0 storage.bson; do
        if [[ -e $folder/$path ]]; then wanted=; fi
    done
    if [[ -n $wanted ]]; then initialise "$@"; fi
    if ! has --bind_ip "$@" && ! has --bind_ip_all "$@"; then set -- "$@" --bind_ip_all; fi
    unset "${!MONGO_INITDB_@}"
fi

exec "$@"
