#!/usr/bin/env bash
# Holds deploy/kubernetes against the schemas of Kubernetes itself; for the kinds of operators there are none to be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q kubernetes-validate==1.37.0
kubectl kustomize deploy/kubernetes/overlays/example >"$folder/manifests.yaml"
"$folder/bin/kubernetes-validate" --strict "$folder/manifests.yaml"
