"""The flag --nightly, without which tests marked `nightly` are skipped."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="run the slow suites too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--nightly"):
        return
    skip = pytest.mark.skip(reason="slow; runs with --nightly (make nightly)")
    for item in items:
        if item.get_closest_marker("nightly"):
            item.add_marker(skip)
