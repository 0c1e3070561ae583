"""Make the pictures of the docs from real editors, the real server and the real model.

python -m tests.editors.screenshots [neovim] [playground] [vscode]

Without names it makes all. It needs what the editors' tests need: tmux, Neovim, chromium, the playground's
page, and VS Code's host with the extension (`make test-vscode`).
"""

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from lsp_server.testing.configuration import write_config
from tests.editors.playground.screenshot import PLACE, PROJECT
from tests.editors.readme_steps import follow, fresh_environ
from tests.editors.terminal import COLUMNS, terminal
from tests.editors.vscode.window import DRIVER, HOST

ROOT = Path(__file__).parents[2]
IMAGES = ROOT / "docs" / "images"
HERE = Path(__file__).parent

SUGGESTED_BELOW = re.compile(r"Take an amount out.*\n.*\n +[^ ~\d\n]")
PAUSE_S = 8
COLOURS = [(224, 108, 117), (152, 195, 121), (229, 192, 123), (97, 175, 239), (198, 120, 221), (86, 182, 194)]
THEME = TerminalTheme(
    (27, 29, 35),
    (214, 219, 227),
    [(40, 44, 52), *COLOURS, (171, 178, 191)],
    [(110, 118, 132), *COLOURS, (255, 255, 255)],
)
PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 20px; background: {background}; color: {foreground}; }}
pre {{ margin: 0; font: 16px/21px "DejaVu Sans Mono", monospace; }}
{stylesheet}</style><pre>{code}</pre>"""
COLUMN_PX, ROW_PX, MARGIN_PX = 9.64, 21, 40
"""Of a character in the page above, and around it."""


def neovim(folder, image):
    """A suggestion of several lines in a terminal, and the status line."""
    from tests.editors.test_readmes import neovim as program

    home = folder / "home"
    home.mkdir()
    programs = folder / "programs"
    programs.mkdir()
    (programs / "nvim").symlink_to(program())
    environ = fresh_environ(home, Path(sys.executable).parent, programs)
    environ["CODESTRAL_LSP_DATA_DIR"] = os.environ.get(
        "CODESTRAL_LSP_DATA_DIR", str(Path.home() / ".local/share/codestral-lsp")
    )
    follow(ROOT / "editors" / "neovim" / "README.md", environ)
    with (home / ".config/nvim/init.lua").open("a", encoding="utf-8") as file:
        file.write(NEOVIM_LOOK)
    for name, text in PROJECT.items():
        (folder / name).write_text(text.replace(PLACE, ""), encoding="utf-8")
    with terminal(folder, ["nvim", str(folder / "account.py")], environ) as shown:
        shown.wait_for("Codestral |")
        shown.text("/amount out\r:nohlsearch\r")
        shown.keys("j", "A")
        shown.keys("M-]")
        shown.wait_for("check_amount(cents)\n 23")
        # What comes behind a suggestion that is accepted is asked for ahead: after an undo it is all there.
        shown.keys("Tab")
        time.sleep(PAUSE_S)
        shown.keys("Escape", "u", "A", "M-]")
        shown.wait_until(SUGGESTED_BELOW.search, "a suggestion of several lines")
        picture(shown.screen(colours=True), folder, image)


NEOVIM_LOOK = """
vim.o.number = true
vim.o.laststatus = 2
vim.o.statusline = ' %f  %=%{v:lua.require("codestral").status()} | %l:%c '
vim.o.termguicolors = false
"""


def picture(ansi, folder, image):
    """Write a terminal's screen as a PNG."""
    lines = ansi.rstrip("\n").split("\n")
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(Text.from_ansi(line), soft_wrap=True)
    page = folder / "screen.html"
    page.write_text(console.export_html(theme=THEME, code_format=PAGE), encoding="utf-8")
    size = f"{round(COLUMNS * COLUMN_PX) + MARGIN_PX},{len(lines) * ROW_PX + MARGIN_PX}"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--window-size={size}", f"--screenshot={image}", page.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


def playground(_folder, image):
    """The page with a suggestion and its panel."""
    subprocess.run([sys.executable, HERE / "playground" / "screenshot.py", image], check=True, timeout=300)


def vscode(folder, image):
    """VS Code with a suggestion."""
    config = write_config(folder / "config.toml", [{"name": "embedded", "kind": "embedded"}])
    server = [sys.executable, "-m", "lsp_server", "serve", "--config", config]
    subprocess.run([HOST / "node", DRIVER, "screenshot", image, *server], check=True, timeout=300)


EDITORS = {"neovim": neovim, "playground": playground, "vscode": vscode}


def main():
    """Make the pictures that the command line names."""
    IMAGES.mkdir(exist_ok=True)
    for name in sys.argv[1:] or EDITORS:
        with tempfile.TemporaryDirectory() as folder:
            EDITORS[name](Path(folder), IMAGES / f"{name}.png")
        sys.stdout.write(f"docs/images/{name}.png\n")


if __name__ == "__main__":
    main()
