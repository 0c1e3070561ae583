"""One real VS Code window for tests, behind ``driver.mjs``."""

import json
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

HERE = Path(__file__).parent
DRIVER = HERE / "driver.mjs"
EXTENSION = HERE.parents[2] / "editors" / "vscode"
VSIX = EXTENSION / "codestral-lsp.vsix"
HOST = (
    Path(os.environ.get("CODESTRAL_LSP_EDITORS_DIR") or Path.home() / ".cache" / "codestral-lsp-editors")
    / "vscode-host"
)


def missing():
    """Why no window can be opened here, or empty text."""
    if not (HOST / "installed").exists():
        return "VS Code is not installed (tests/editors/vscode/install.sh)"
    return "" if VSIX.exists() else "the extension is not built (make vscode)"


def place_hands(home):
    """Put the driver's extension where VS Code finds it when it first looks for extensions."""
    extensions = home / ".local" / "share" / "code-server" / "extensions"
    shutil.copytree(HERE / "driver-extension", extensions / "tests.driver-0.0.1")


class Window:
    """One VS Code; calls are the driver's actions. A call that fails raises ``AssertionError``."""

    def __init__(self, home, folder, extensions=(VSIX,), **options):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        home.mkdir(exist_ok=True)
        self._process = subprocess.Popen(
            [HOST / "node", DRIVER, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            files = [str(file) for file in extensions]
            self.call("start", home=str(home), folder=str(folder), extensions=files, **options)
        except BaseException:
            self.close()
            raise

    def call(self, do, /, **arguments):
        print(json.dumps({"do": do, **arguments}), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        assert line, "the driver has ended"
        answer = json.loads(line)
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def hands(self, action, **arguments):
        """Have the driver's extension do something inside VS Code."""
        return self.call("hands", action=action, **arguments)

    def run(self, command, *values):
        """Run a command inside VS Code and return what it returns."""
        return self.hands("run", command=command, values=values)

    def open(self, name, text, line, character):
        """Open a file of the folder with this text (bytes for other line ends than LF); returns its path."""
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.hands("open", path=str(path), line=line, character=character)
        return path

    def server(self, command, **settings):
        """Start the server with this command line, which has to get ready, and these settings beside it."""
        first, *others = command
        settings |= {"codestral.server.path": first, "codestral.server.arguments": others}
        self.settings(settings)
        self.run("codestral-lsp.restart")
        status = self.call("status", pattern="Ready")
        # What the last one said, such as that its model has gone.
        self.call("dismissNotifications")
        return status

    def settings(self, values):
        """Replace the user's settings and wait until the extension sees them."""
        self.call("settings", values=values)
        expected = {name.removeprefix("codestral."): value for name, value in values.items()}
        self.hands("awaitSettings", expected=expected)

    def close(self):
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(30)
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
