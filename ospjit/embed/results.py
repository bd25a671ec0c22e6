"""`Success` and `Error`: what a `Result` of the language is in Python. Plain data."""

from __future__ import annotations

from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

T = TypeVar("T")
E = TypeVar("E")


class Success(Generic[T]):
    """A result that is there: `value`. Takes part in `match`: `case Success(value)`."""

    __slots__ = ("value",)
    __match_args__ = ("value",)
    value: T

    def __init__(self, value: T = None) -> None:  # type: ignore[assignment]
        self.value = value

    def unwrap(self) -> T:
        """The value."""
        return self.value

    def unwrap_or(self, fallback: Any) -> T:
        """The value."""
        return self.value

    def __bool__(self) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Success) and self.value == other.value

    def __hash__(self) -> int:
        return hash((Success, self.value))

    def __repr__(self) -> str:
        return f"Success({self.value!r})"


class Error(Generic[E]):
    """A failure: `message`, a str unless the program uses a type of its own. False where truth is asked
    for."""

    __slots__ = ("message",)
    __match_args__ = ("message",)
    message: E

    def __init__(self, message: E) -> None:
        self.message = message

    def unwrap(self) -> NoReturn:
        """Raises ValueError with the message."""
        raise ValueError(self.message)

    def unwrap_or(self, fallback: T) -> T:
        """The fallback."""
        return fallback

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Error) and self.message == other.message

    def __hash__(self) -> int:
        return hash((Error, self.message))

    def __repr__(self) -> str:
        return f"Error({self.message!r})"


Result: TypeAlias = Success[T] | Error[E]

for _type in (Success, Error):
    _type.__module__ = "ospjit"
