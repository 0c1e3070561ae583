"""A picture of the playground: ghost text of several lines, and a panel that has something to tell.

python tests/editors/playground/screenshot.py OUT.png [--dark] [--fake]

From the embedded model where that is fetched; otherwise, or with --fake, from the fake of llama.cpp.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from playwright.sync_api import sync_playwright

from lsp_server.config.locations import data_folder
from lsp_server.testing.configuration import backend_of, write_config
from lsp_server.testing.fake_backends import FakeLlamaCpp
from tests.editors.playground.driver import CHROMIUM, FLAGS, Page, serving, wait_until

MODEL = "qwen2.5-coder-0.5b"
ANSWER = """check_amount(cents)
        self.balance -= cents
        self.history.append(("withdraw", cents))
"""
ENOUGH_LINES = 3
PROJECT = {
    "money.py": '''"""Amounts of money, in cents."""


def format_amount(cents: int, currency: str = "EUR") -> str:
    """Return an amount such as 1234 as the text 12.34 EUR."""
    return f"{cents // 100}.{cents % 100:02} {currency}"


def check_amount(cents: int) -> None:
    """Refuse what is not an amount."""
    if cents <= 0:
        raise ValueError("an amount must be positive")
''',
    "account.py": '''"""An account and what was done with it."""

from dataclasses import dataclass, field

from money import check_amount, format_amount


@dataclass
class Account:
    owner: str
    balance: int = 0
    history: list[tuple[str, int]] = field(default_factory=list)

    def deposit(self, cents: int) -> None:
        """Put an amount in."""
        check_amount(cents)
        self.balance += cents
        self.history.append(("deposit", cents))

    def withdraw(self, cents: int) -> None:
        """Take an amount out."""
        {place}

    def __str__(self) -> str:
        return f"{self.owner}: {format_amount(self.balance)}"


def richest(accounts: list[Account]) -> Account:
    """Return the account with the highest balance."""
''',
}
PLACE = "{place}"
"""Where the function without a body has its cursor."""
PATIENCE_SECONDS = 120
"""A model on a busy machine takes its time for a first answer."""


@contextmanager
def settings(folder, *, fake):
    """The settings to serve with; None for those that find the embedded engine by themselves."""
    if not fake:
        yield None
        return
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    model = FakeLlamaCpp(ANSWER)
    asyncio.run_coroutine_threadsafe(model.__aenter__(), loop).result(10)
    try:
        yield write_config(folder / "config.toml", [backend_of("llamacpp", model)])
    finally:
        asyncio.run_coroutine_threadsafe(model.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def is_fetched():
    command = [sys.executable, "-m", "lsp_server", "model", "path", MODEL]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def answered(page):
    """Wait until nothing is asked any more, and the panel knows of it."""
    count = page.page.locator("#stats dd").first
    before = ""
    while before != (before := count.inner_text()):
        page.page.wait_for_timeout(1000)
        page.page.locator("#state.ready").wait_for()


def tell_a_story(page):
    """Ask in one place, write on in another, and end with a suggestion of several lines."""
    before = PROJECT["account.py"].partition(PLACE)[0].split("\n")
    place = (len(before) - 1, len(before[-1]))
    page.pick("money.py")  # An open document is context at once; the workspace is read later.
    page.pick("account.py")
    page.press("ControlOrMeta+End")
    page.type("    return min(")
    answered(page)
    page.go(*place)
    page.suggest()
    wait_until(lambda: page.ghost, PATIENCE_SECONDS)
    answered(page)
    page.press("Tab")
    answered(page)
    page.press("Escape", "ControlOrMeta+z")
    page.suggest()
    answered(page)
    for _ in range(3):
        if page.ghost.count("\n") >= ENOUGH_LINES - 1:
            break
        page.press("Alt+]")
        answered(page)
    asked = page.page.locator(".request", has=page.page.locator(".snippets"))
    (asked if asked.count() else page.page.locator(".request")).first.locator("summary").click()
    page.page.locator("#requests").evaluate("list => list.scrollTo(0, 0)")
    page.page.locator(".cm-content").focus()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--fake", action="store_true")
    orders = parser.parse_args()
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name == "OLLAMA_HOST"]:
        del os.environ[name]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        fake = orders.fake or not is_fetched()
        with settings(Path(folder), fake=fake) as config:
            project = Path(folder) / "shop"
            project.mkdir()
            for name, text in PROJECT.items():
                (project / name).write_text(text.replace(PLACE, ""), encoding="utf-8")
            options = ("--config", config) if config else ()
            command = ("-m", "lsp_server", "playground", *map(project.joinpath, PROJECT), *options)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            data = data_folder(os.environ)
            environ = {
                "CODESTRAL_LSP_CONFIG": os.devnull,
                "CODESTRAL_LSP_DATA_DIR": str(data),
                "HOME": folder,
            }
            with serving(*command, env=environ) as (_, url):
                page = browser.new_page(
                    viewport={"width": 1280, "height": 800},
                    color_scheme="dark" if orders.dark else "light",
                )
                page.set_default_timeout(1000 * PATIENCE_SECONDS)
                tell_a_story(Page(page).open(url))
                page.screenshot(path=orders.out)
            browser.close()


if __name__ == "__main__":
    main()
