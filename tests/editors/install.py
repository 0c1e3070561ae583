"""Install the editors that Debian has, and a browser, where that is possible; say so where it is not.

The editors' tests skip themselves by name when an editor is missing, so this never fails.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = (
    "emacs-nox",
    "elpa-eglot",
    "elpa-lsp-mode",
    "vim-nox",
    "vim-ale",
    "tmux",
    "chromium",
    "fonts-dejavu-core",
)


def main() -> None:
    """Leave the editors installed if they can be."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-query") is None:
        complain("editors can only be installed on Debian: those that are missing are not tested")
        return
    missing = [package for package in PACKAGES if not is_installed(package)]
    if not missing:
        return
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        complain(f"not installed, so not tested: {', '.join(missing)}; as root, apt-get install brings them")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing],
    ):
        done = subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            complain(f"`{' '.join(command)}` failed: these editors are not tested")
            return


def is_installed(package: str) -> bool:
    """Whether Debian's package is there, wholly."""
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return subprocess.run(query, capture_output=True, text=True, check=False).stdout == "installed"


def complain(text: str) -> None:
    """Say something to whoever runs the tests."""
    sys.stderr.write(f"tests/editors/install.py: {text}\n")


if __name__ == "__main__":
    main()
