"""The files that the playground's pages open."""

import pytest

from lsp_server.cli.complete import UsageError
from lsp_server.cli.playground import Files


def test_pages_open_the_files_as_they_are_when_they_are_loaded(tmp_path):
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("a = 1\n")
    two.write_text("b = 1\n")
    files = Files([str(one), str(two)])
    one.write_text("a = 2\n")
    two.unlink()
    assert [document.text for document in files.read()] == ["a = 2\n", "b = 1\n"]


def test_a_file_that_cannot_be_read_is_refused_at_the_start(tmp_path):
    with pytest.raises(UsageError):
        Files([str(tmp_path / "none.py")])
