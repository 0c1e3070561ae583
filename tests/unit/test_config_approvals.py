"""Approved origins: exact, private, and nothing when in doubt."""

import json
import os

import pytest

from lsp_server.config.approvals import Approvals

posix = pytest.mark.skipif(os.name != "posix", reason="needs file modes and links of POSIX")
ORIGIN = "https://llm.example.org"


def test_nothing_is_approved_at_first(tmp_path):
    approvals = Approvals(tmp_path / "data")
    assert approvals.origins() == frozenset()
    assert approvals.problem is None
    assert not (tmp_path / "data").exists()


def test_an_approval_is_remembered_by_the_next_process(tmp_path):
    Approvals(tmp_path / "data").approve(ORIGIN + ":443/")
    Approvals(tmp_path / "data").approve("http://gpu.lan:8000")
    again = Approvals(tmp_path / "data")
    assert again.origins() == {ORIGIN, "http://gpu.lan:8000"}
    assert again.is_approved("HTTPS://LLM.example.org/v1")


@pytest.mark.parametrize(
    "origin",
    [
        "http://llm.example.org",
        "https://llm.example.org:8443",
        "https://example.org",
        "https://llm.example.org.evil.example",
        "https://llm.example.org@evil.example",
        "https://evil.example",
        "llm.example.org",
        "",
    ],
)
def test_it_holds_for_exactly_that_origin(tmp_path, origin):
    approvals = Approvals(tmp_path)
    approvals.approve(ORIGIN)
    assert not approvals.is_approved(origin)


@pytest.mark.parametrize("origin", ["", "llm.example.org", "https://a@llm.example.org", "https://x y"])
def test_what_is_no_origin_is_not_remembered(tmp_path, origin):
    approvals = Approvals(tmp_path)
    with pytest.raises(ValueError, match="should"):
        approvals.approve(origin)
    assert not approvals.file.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"https://llm.example.org"',
        b'{"origins": "https://llm.example.org"}',
        b'{"origins": {"https://llm.example.org": true}}',
        b'{"origins": ["https://llm.example.org", 3]}',
        b'{"origins": ["https://llm.example.org", "*"]}',
        b'{"origins": ["https://llm.example.org", "https://evil.example/"]}',
        b'{"origins": ["https://llm.example.org", "HTTPS://evil.example"]}',
        b'{"approved": ["https://llm.example.org"]}',
        b"\xff\xfe",
        b'{"origins": ' + b"[" * 20_000,
        b'{"origins": []}' + b" " * 100_000,
    ],
)
def test_a_damaged_file_approves_nothing_and_is_a_problem(tmp_path, content):
    approvals = Approvals(tmp_path)
    approvals.file.write_bytes(content)
    if os.name == "posix":
        approvals.file.chmod(0o600)
    assert approvals.origins() == frozenset()
    assert len(str(approvals.problem).splitlines()) == 1
    approvals.approve(ORIGIN)
    assert approvals.origins() == {ORIGIN}
    assert approvals.problem is None


@posix
def test_the_file_and_its_folder_are_the_users_alone(tmp_path):
    approvals = Approvals(tmp_path / "data")
    old = os.umask(0)
    try:
        approvals.approve(ORIGIN)
    finally:
        os.umask(old)
    assert approvals.file.stat().st_mode & 0o777 == 0o600
    assert approvals.file.parent.stat().st_mode & 0o777 == 0o700


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_approves_nothing(tmp_path, mode):
    approvals = Approvals(tmp_path)
    approvals.approve(ORIGIN)
    approvals.file.chmod(mode)
    assert approvals.origins() == frozenset()
    assert "others may write" in str(approvals.problem)


@posix
def test_a_file_that_others_own_approves_nothing(tmp_path, monkeypatch):
    approvals = Approvals(tmp_path)
    approvals.approve(ORIGIN)
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    assert approvals.origins() == frozenset()


@posix
def test_a_link_in_its_place_is_not_followed_and_not_written_through(tmp_path):
    approvals = Approvals(tmp_path / "data")
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text(json.dumps({"origins": ["https://evil.example"]}), encoding="utf-8")
    (tmp_path / "data").mkdir()
    approvals.file.symlink_to(elsewhere)
    assert approvals.origins() == frozenset()
    assert approvals.problem is not None
    approvals.approve(ORIGIN)
    assert not approvals.file.is_symlink()
    assert "evil" in elsewhere.read_text(encoding="utf-8")
    assert ORIGIN not in elsewhere.read_text(encoding="utf-8")


def test_nothing_else_is_left_beside_it(tmp_path):
    approvals = Approvals(tmp_path)
    for number in range(3):
        approvals.approve(f"https://h{number}.example")
    assert [entry.name for entry in tmp_path.iterdir()] == [approvals.file.name]
