"""The real model, for all tests of this folder."""

import pytest

from lsp_server.testing.models import ensure_test_model


@pytest.fixture(scope="session")
def embedded_model():
    """The path of the 0.5B model; without it the test is skipped, with the reason."""
    return ensure_test_model()
