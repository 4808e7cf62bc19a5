"""Makers of small folders and weights, for tests that take them as fixtures."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.weights_file import WeightsFile
from tests.models.training.made_folders import tiny_weights, write_pairs, write_verdict


@pytest.fixture(scope="session")
def verdict() -> Callable[..., None]:
    return write_verdict


@pytest.fixture(scope="session")
def pairs() -> Callable[..., Path]:
    return write_pairs


@pytest.fixture(scope="session")
def weights() -> Callable[..., WeightsFile]:
    return tiny_weights
