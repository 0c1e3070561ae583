"""Model files over HTTP: the hub's answers, an index's pages, broken connections. Loopback only."""

import dataclasses
import hashlib
import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lsp_server.backends.embedded import hub, index, transfer
from lsp_server.backends.embedded.catalogue import MODELS
from lsp_server.backends.embedded.hub import HubSource
from lsp_server.backends.embedded.sources import Phase, SourceFailed

CONTENT = bytes(range(256)) * 4000
MODEL = dataclasses.replace(MODELS[0], size_bytes=len(CONTENT), sha256=hashlib.sha256(CONTENT).hexdigest())
FILE_PATH = f"/{MODEL.hub_repository}/resolve/{MODEL.hub_revision}/{MODEL.hub_file}"
WHEEL = "some_part1-1.0-py3-none-any.whl"


class Site:
    """What the server has, how it misbehaves, and what it was asked."""

    def __init__(self):
        self.content = CONTENT
        self.etag = hashlib.sha256(CONTENT).hexdigest()
        self.linked_size = len(CONTENT)
        self.cut_after = None
        self.cuts = 0
        self.ranges = True
        self.wrong_range = False
        self.status = None
        self.page = None
        self.asked = []
        self.headers = []


@pytest.fixture
def site():
    return Site()


@pytest.fixture
def url(site):
    with serving(site) as address:
        yield address


class Handler(BaseHTTPRequestHandler):
    site: Site
    address: str

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        site = self.site
        site.headers.append(dict(self.headers))
        if site.status:
            self.answer(site.status)
        elif self.path != FILE_PATH:
            self.answer(404, {"X-Error-Code": "EntryNotFound"})
        else:
            linked = {"X-Linked-Size": str(site.linked_size), "X-Linked-ETag": f'"{site.etag}"'}
            # Large files lie on another host than the hub's, whose client follows redirects on its own only.
            elsewhere = self.address.replace("127.0.0.1", "localhost")
            where = {"Location": f"{elsewhere}/cdn", "X-Repo-Commit": MODEL.hub_revision}
            self.answer(302, {**where, **linked})

    def do_GET(self):
        self.site.asked.append((self.path, self.headers.get("Range")))
        if self.path.endswith("/some-part1/"):
            body = json.dumps(self.site.page).encode()
            self.answer(200, {"Content-Type": index.ACCEPT}, body)
        elif self.path not in {"/cdn", f"/files/{WHEEL}"}:
            self.answer(404)
        elif self.site.ranges:
            self.part(int(self.headers["Range"].removeprefix("bytes=").rstrip("-")))
        else:
            self.answer(200, {}, self.site.content)

    def part(self, start):
        site = self.site
        size = len(site.content)
        if start and start >= size:
            self.answer(416)
            return
        cut = site.cut_after if site.cuts else None
        site.cuts -= cut is not None
        shown = start + 1 if site.wrong_range else start
        self.answer(206, {"Content-Range": f"bytes {shown}-{size - 1}/{size}"}, site.content[start:], cut)

    def answer(self, status, headers=None, body=b"", cut=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            with suppress(OSError):  # The client may have closed: that is what some tests are about.
                self.wfile.write(body[:cut])


@contextmanager
def serving(site):
    handler = type("SiteHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield handler.address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def resume(url, partial: Path):
    transfer.resume(lambda: f"{url}/cdn", partial, len(CONTENT), lambda _: None)


# A single file.


def test_a_file_comes_whole(url, tmp_path):
    counts = []
    transfer.resume(lambda: f"{url}/cdn", tmp_path / "f", len(CONTENT), counts.append)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert counts == sorted(counts)
    assert counts[-1] == len(CONTENT)


@pytest.mark.parametrize("there", [1, 5000, len(CONTENT) - 1])
def test_what_is_there_is_not_asked_for_again(site, url, tmp_path, there):
    (tmp_path / "f").write_bytes(CONTENT[:there])
    resume(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert site.asked == [("/cdn", f"bytes={there}-")]


def test_a_whole_file_is_not_asked_for(site, url, tmp_path):
    (tmp_path / "f").write_bytes(CONTENT)
    resume(url, tmp_path / "f")
    assert site.asked == []


def test_a_connection_that_breaks_now_and_then(site, url, tmp_path):
    site.cut_after, site.cuts = 100_000, 7
    resume(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert len(site.asked) == 8


def test_a_connection_that_breaks_at_once_each_time(site, url, tmp_path):
    site.cut_after, site.cuts = 0, 100
    with pytest.raises(SourceFailed, match="the connection failed"):
        resume(url, tmp_path / "f")
    assert len(site.asked) == transfer.ATTEMPTS


def test_a_server_that_knows_no_ranges(site, url, tmp_path):
    site.ranges = False
    (tmp_path / "f").write_bytes(b"x" * 5000)
    resume(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_server_that_sends_another_part(site, url, tmp_path):
    site.wrong_range = True
    with pytest.raises(SourceFailed, match="another part"):
        resume(url, tmp_path / "f")


def test_a_partial_file_that_is_too_long_starts_again(url, tmp_path):
    (tmp_path / "f").write_bytes(b"x" * (len(CONTENT) + 1))
    resume(url, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_longer_file_is_not_swallowed(site, url, tmp_path):
    site.content = CONTENT + b"more"
    with pytest.raises(SourceFailed, match="longer file"):
        resume(url, tmp_path / "f")


def test_a_shorter_file_ends_in_an_error(site, url, tmp_path):
    site.content = CONTENT[:-10]
    with pytest.raises(SourceFailed, match="shorter file"):
        resume(url, tmp_path / "f")


def test_a_file_that_is_not_there(url, tmp_path):
    with pytest.raises(SourceFailed, match="status 404"):
        transfer.resume(lambda: f"{url}/nothing", tmp_path / "f", 10, lambda _: None)


def test_nothing_listens(site, tmp_path):
    with serving(site) as url:
        pass
    with pytest.raises(SourceFailed, match=r"the connection failed \(ConnectError\)"):
        resume(url, tmp_path / "f")


# The hub.


def test_the_hub_gives_the_file(site, url, tmp_path):
    phases = set()
    HubSource(url).fetch(MODEL, tmp_path / "f", lambda phase, *_: phases.add(phase))
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert phases == {Phase.DOWNLOADING}


def test_no_token_goes_to_the_hub(site, url, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    HubSource(url).fetch(MODEL, tmp_path / "f", lambda *_: None)
    assert site.headers
    assert all("hf_secret" not in str(headers) for headers in site.headers)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"etag": "0" * 64}, "another file than the one that is pinned"),
        ({"linked_size": 5}, "another file than the one that is pinned"),
        ({"status": 503}, "it answered with status 503"),
        ({"status": 401}, "it answered with status 401"),
    ],
)
def test_a_hub_that_does_not_have_it(site, url, tmp_path, change, words):
    for name, value in change.items():
        setattr(site, name, value)
    with pytest.raises(SourceFailed, match=words):
        HubSource(url).fetch(MODEL, tmp_path / "f", lambda *_: None)
    assert site.asked == []


def test_an_etag_that_is_no_digest_says_nothing(site, url, tmp_path):
    site.etag = "abc"
    HubSource(url).fetch(MODEL, tmp_path / "f", lambda *_: None)
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_hub_out_of_reach(site, tmp_path):
    with serving(site) as url:
        pass
    with pytest.raises(SourceFailed, match=r"out of reach \(ConnectError\)"):
        HubSource(url).fetch(MODEL, tmp_path / "f", lambda *_: None)


def test_a_hub_that_is_silent_is_not_waited_for():
    release = threading.Event()

    def silent() -> str:
        release.wait()
        return ""

    try:
        with pytest.raises(SourceFailed, match=r"no answer within 0\.01 s"):
            hub.within(0.01, silent)
    finally:
        release.set()


def test_without_huggingface_hub(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "huggingface_hub", None)
    with pytest.raises(SourceFailed, match="huggingface_hub is not installed"):
        hub.location(MODEL)


# The index, where there is no pip.


def entry(**change):
    whole = {
        "filename": WHEEL,
        "url": f"../files/{WHEEL}",
        "size": len(CONTENT),
        "hashes": {"sha256": hashlib.sha256(CONTENT).hexdigest()},
    }
    return {**whole, **change}


@pytest.fixture
def index_at(site, url, monkeypatch):
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"{url}/")
    site.page = {"files": [entry(filename="some_part1-0.9-py3-none-any.whl"), entry()]}
    return site


def test_an_index_gives_the_wheel(index_at, tmp_path):
    path = index.fetch_from_index("some-part1", "1.0", tmp_path, lambda _: None)
    assert path == tmp_path / WHEEL
    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "page",
    [
        None,
        [],
        {"files": None},
        {"files": [entry(filename="other.whl")]},
        {"files": [entry(size="x")]},
        {"files": [entry(hashes={})]},
        {"files": ["x", entry(url=None)]},
    ],
)
def test_an_index_without_the_wheel(index_at, tmp_path, page):
    index_at.page = page
    with pytest.raises(SourceFailed, match=f"it does not list {WHEEL}"):
        index.fetch_from_index("some-part1", "1.0", tmp_path, lambda _: None)


def test_a_wheel_that_comes_damaged(index_at, tmp_path):
    index_at.page = {"files": [entry(hashes={"sha256": "0" * 64})]}
    with pytest.raises(SourceFailed, match=f"{WHEEL} came damaged"):
        index.fetch_from_index("some-part1", "1.0", tmp_path, lambda _: None)
    assert not list(tmp_path.iterdir())


def test_an_index_that_does_not_have_the_project(index_at, tmp_path):
    with pytest.raises(SourceFailed, match="the index answered with status 404"):
        index.fetch_from_index("other-part1", "1.0", tmp_path, lambda _: None)


def test_no_index_is_named():
    assert index.index_url({"UV_INDEX_URL": "http://a/", "PIP_INDEX_URL": "http://b/"}) == "http://b"
    with pytest.raises(SourceFailed, match="pip is not installed"):
        index.index_url({})
