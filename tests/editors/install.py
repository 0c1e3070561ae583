"""Install Emacs with Eglot from Debian's packages, where that is possible; say so where it is not.

The editors' tests skip themselves by name when an editor is missing, so this never fails.
"""

import os
import shutil
import subprocess
import sys

PACKAGES = ("emacs-nox", "elpa-eglot")


def main() -> None:
    """Leave Emacs installed if it can be."""
    if shutil.which("emacs"):
        return
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if not root or shutil.which("apt-get") is None:
        sys.stderr.write("Emacs is not installed and cannot be installed here: its tests will be skipped.\n")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES],
    ):
        done = subprocess.run(command, env=environment, check=False, stdout=subprocess.DEVNULL)
        if done.returncode != 0:
            sys.stderr.write(f"`{' '.join(command)}` failed: Emacs tests will be skipped.\n")
            return


if __name__ == "__main__":
    main()
