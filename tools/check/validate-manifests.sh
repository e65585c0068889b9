#!/usr/bin/env bash
# Holds deploy/kubernetes, and what `create --deploy kubernetes` writes, against the schemas of Kubernetes itself; for the kinds of operators
# there are none to be had. Needs the built packages.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
python3 -m venv "$folder"
"$folder/bin/pip" install -q kubernetes-validate==1.37.0
kubectl kustomize deploy/kubernetes/overlays/example >"$folder/manifests.yaml"
for framework in express next mcp service spa; do
  for login in bearer browser; do
    made="$folder/made/$framework-$login"
    [[ $login == bearer || $framework =~ ^(express|next)$ ]] || continue
    way=()
    [[ $login == bearer ]] || way=(--login browser)
    node packages/create/dist/main.js "$made" --framework "$framework" "${way[@]}" --deploy kubernetes --yes >/dev/null
    printf -- '---\n' >>"$folder/manifests.yaml"
    kubectl kustomize "$made/deploy/kubernetes" >>"$folder/manifests.yaml"
  done
done
"$folder/bin/kubernetes-validate" --strict "$folder/manifests.yaml"
