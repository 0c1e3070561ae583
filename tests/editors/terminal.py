"""A program in a terminal of its own (tmux): keys go in, the screen can be looked at."""

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager

COLUMNS, ROWS = 100, 30
PATIENCE_S = 60.0

HAS_TMUX = shutil.which("tmux") is not None


class Terminal:
    """One tmux server with one window. Keys have tmux's names, such as ``Tab`` and ``C-g``."""

    def __init__(self, socket):
        self._socket = socket

    def tmux(self, *arguments, check=True):
        """Run a command of tmux and return what it prints."""
        command = ["tmux", "-f", os.devnull, "-S", str(self._socket), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=check)
        return done.stdout

    def keys(self, *names):
        """Press keys."""
        self.tmux("send-keys", *names)

    def text(self, text):
        """Type ``text`` all at once."""
        self.tmux("send-keys", "-l", text)

    def screen(self, *, colours=False):
        """What the terminal shows, without spaces at the ends of lines."""
        shown = self.tmux("capture-pane", "-p", *(["-e"] if colours else []))
        return "\n".join(line.rstrip() for line in shown.split("\n"))

    def cursor(self):
        """The cursor's column and row, from 0."""
        x, y = self.tmux("display-message", "-p", "#{cursor_x} #{cursor_y}").split()
        return int(x), int(y)

    def wait_until(self, condition, what):
        """Wait until the screen fulfils ``condition``, and return it."""
        end = time.monotonic() + PATIENCE_S
        while not condition(screen := self.screen()):
            assert time.monotonic() < end, f"{what} did not come to the screen:\n{screen}"
            time.sleep(0.03)  # A screen can only be asked.
        return screen

    def wait_for(self, *texts):
        """Wait until all ``texts`` are on the screen, and return it."""
        return self.wait_until(lambda screen: all(text in screen for text in texts), repr(texts))

    def wait_for_match(self, pattern):
        """Wait until a line of the screen matches, and return the match."""
        return re.search(
            pattern, self.wait_until(lambda s: re.search(pattern, s, re.MULTILINE), pattern), re.MULTILINE
        )

    def wait_while(self, text):
        """Wait until ``text`` is not on the screen any more, and return it."""
        return self.wait_until(lambda screen: text not in screen, f"the end of {text!r}")


@contextmanager
def terminal(folder, command, environment):
    """Run ``command`` in ``folder``, in a terminal that ends with the block."""
    shown = Terminal(folder / "tmux")
    variables = [f"{name}={value}" for name, value in environment.items()]  # tmux does not pass every one on.
    size = ["-x", str(COLUMNS), "-y", str(ROWS)]
    shown.tmux("new-session", "-d", "-c", str(folder), *size, "env", *variables, *command)
    try:
        shown.tmux("set-option", "-s", "escape-time", "0")
        yield shown
    finally:
        shown.tmux("kill-server", check=False)  # It has gone if the program has ended.
