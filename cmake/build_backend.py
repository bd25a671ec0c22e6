"""The PEP 517 build backend: scikit-build-core's, with one error message made helpful.

scikit-build-core lists CMake among the build requirements when the machine has none, so an ordinary
`pip install` fetches it. Without build isolation nothing does, and its own message names no package to
install. This module must do nothing else: everything that is built is described in CMakeLists.txt.
"""

from __future__ import annotations

from typing import Any

from scikit_build_core import build as _backend
from scikit_build_core.build import (
    build_sdist,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)
from scikit_build_core.errors import CMakeNotFoundError

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

_MISSING = """{error}.
Building ospjit needs CMake 3.20 or newer. Install it with
  Debian, Ubuntu:  apt-get install cmake
  Fedora:          dnf install cmake
or let pip fetch it: install without --no-build-isolation."""


def _or_name_the_package(hook: Any, *args: Any) -> str:
    """Call a hook of scikit-build-core; a missing CMake ends the build with a sentence instead of a trace."""
    try:
        return hook(*args)
    except CMakeNotFoundError as error:
        raise SystemExit(_MISSING.format(error=error)) from None


def build_wheel(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build a wheel into `wheel_directory` and return its file name (PEP 517)."""
    return _or_name_the_package(_backend.build_wheel, wheel_directory, config_settings, metadata_directory)


def build_editable(
    wheel_directory: str, config_settings: Any = None, metadata_directory: str | None = None
) -> str:
    """Build an editable wheel into `wheel_directory` and return its file name (PEP 660)."""
    return _or_name_the_package(_backend.build_editable, wheel_directory, config_settings, metadata_directory)


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Any = None) -> str:
    """Write the wheel's `.dist-info` and return its folder's name (PEP 517)."""
    return _or_name_the_package(
        _backend.prepare_metadata_for_build_wheel, metadata_directory, config_settings
    )


def prepare_metadata_for_build_editable(metadata_directory: str, config_settings: Any = None) -> str:
    """Write the editable wheel's `.dist-info` and return its folder's name (PEP 660)."""
    return _or_name_the_package(
        _backend.prepare_metadata_for_build_editable, metadata_directory, config_settings
    )
