"""The benchmark of the index measures what it says, on a small tree."""

from benchmarks.indexing import FILE_LINES, make_tree, measure


async def test_a_small_tree(tmp_path):
    make_tree(tmp_path, 8 * FILE_LINES)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert sum(path.read_text().count("\n") for path in files) >= 8 * FILE_LINES
    found = await measure(tmp_path, rounds=10, edits=True)
    assert found.files == 8
    assert found.symbols > 100
    assert len(found.search_ms) == 10
    assert len(found.again_ms) == 4
    assert 0 < found.index_s < 60
    assert found.worker_mb > 10
