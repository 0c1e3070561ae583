"""The playground in a headless browser: one process that serves it, and what a person does in its page."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
PATIENCE_SECONDS = 20.0
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

VIEW = "document.querySelector('.cm-content').cmTile.view"
"""The editor's object, by the mark that CodeMirror leaves on its elements; the page gives no way to it."""
WORD = "ControlOrMeta+ArrowRight"
LINE = "ControlOrMeta+Enter"


@contextmanager
def serving(*command, env=None, program=sys.executable):
    """A process that serves pages, and the URL that it printed."""
    process = subprocess.Popen(
        [program, *map(str, command), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **(env or {})},
    )
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), url or process.communicate()
        yield process, url
    finally:
        process.kill()
        process.communicate()


def wait_until(condition, seconds=PATIENCE_SECONDS):
    """Return the first true value of ``condition``; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"{condition} has not come true"
        time.sleep(0.01)
    return value


class Page:
    """A page with the playground in it, and what a person sees and does there."""

    def __init__(self, page):
        self.page = page
        self.problems = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda line: line.type == "error" and self.problems.append(line.text))

    def open(self, url):
        self.page.goto(url)
        self.page.wait_for_selector(".cm-content")
        self.page.wait_for_selector("#state:has-text('Ready')")
        return self

    def pick(self, label):
        self.page.locator("#document").select_option(label=label)

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text):
        self.page.keyboard.type(text)

    def set_text(self, text, cursor=None):
        """Replace the whole text as a paste does, and put the cursor at an offset (the end without one)."""
        self.page.evaluate(
            f"""([text, cursor]) => {{
                const view = {VIEW};
                view.dispatch({{ changes: {{ from: 0, to: view.state.doc.length, insert: text }} }});
                view.dispatch({{ selection: {{ anchor: cursor ?? view.state.doc.length }} }});
                view.focus();
            }}""",
            [text, cursor],
        )

    def go(self, line, character):
        """Put the cursor at a position, 0-based, in UTF-16 units."""
        self.page.evaluate(
            f"""([line, character]) => {{
                const view = {VIEW};
                view.dispatch({{ selection: {{ anchor: view.state.doc.line(line + 1).from + character }} }});
                view.focus();
            }}""",
            [line, character],
        )

    @property
    def text(self):
        """The text as the editor counts it, with ``\\n`` alone."""
        return self.page.evaluate(f"{VIEW}.state.doc.toString()")

    @property
    def cursor(self):
        return self.page.evaluate(f"{VIEW}.state.selection.main.head")

    @property
    def ghost(self):
        return "".join(self.page.locator(".cm-ghost").all_text_contents())

    def wait_for_ghost(self, text):
        wait_until(lambda: self.ghost == text)

    def wait_for_no_ghost(self):
        wait_until(lambda: not self.page.locator(".cm-ghost").count())

    def suggest(self):
        self.press("Alt+\\")

    def saved(self):
        """The bytes of the file that the page's own button gives."""
        with self.page.expect_download() as download:
            self.page.locator("#download").click()
        return Path(download.value.path()).read_bytes()


class Script:
    """The script and the journal of ``scripted_playground.py``."""

    def __init__(self, folder):
        self.path = folder / "script.json"
        self.journal = folder / "journal.jsonl"
        self.journal.touch()
        self.set()

    def set(self, *suggestions, **others):
        texts = [{"text": each} if isinstance(each, str) else each for each in suggestions]
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps({"suggestions": texts, **others}), encoding="utf-8")
        fresh.replace(self.path)

    def told(self, event):
        """What the journal tells of a kind of event, oldest first."""
        lines = self.journal.read_text(encoding="utf-8").splitlines()
        return [entry for entry in map(json.loads, lines) if entry["event"] == event]

    @property
    def command(self):
        return (HERE / "scripted_playground.py", "--script", self.path, "--journal", self.journal)
