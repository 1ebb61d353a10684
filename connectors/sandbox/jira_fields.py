"""What the sandbox Jira accepts into an issue's fields, and what it says when it does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from .jira_site import RefusalError

MAX_SUMMARY = 255
MAX_DESCRIPTION = 32_767
MAX_LABEL = 255


def accept(
    fields: Mapping[str, Any], *, screen: Collection[str], due_field: str, due_type: str, rich_text: bool
) -> dict[str, Any]:
    """The values to store. `rich_text`: version 3, whose descriptions are documents. Raises RefusalError."""
    checks: dict[str, Callable[[Any], Any]] = {
        "summary": _summary,
        "description": _document if rich_text else text,
        "labels": _labels,
        due_field: _due_time if due_type == "datetime" else _due,
    }
    values, errors = {}, {}
    for name, value in fields.items():
        try:
            if name not in screen:
                raise ValueError(_off_screen(name))
            values[name] = checks.get(name, _as_it_is)(value)
        except ValueError as error:
            errors[name] = str(error)
    if errors:
        raise RefusalError(400, errors=errors)
    return values


def edit_labels(labels: Iterable[str], operations: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Labels after `update.labels` operations. Raises RefusalError (400)."""
    result = list(labels)
    for operation in operations:
        for verb, value in operation.items():
            try:
                result = _LABEL_VERBS[verb](result, _labels(value if verb == "set" else [value]))
            except (KeyError, ValueError) as error:
                raise RefusalError(400, errors={"labels": str(error)}) from None
    return tuple(dict.fromkeys(result))


_LABEL_VERBS: Mapping[str, Callable[[list[str], tuple[str, ...]], list[str]]] = {
    "add": lambda old, given: [*old, *given],
    "remove": lambda old, given: [label for label in old if label not in given],
    "set": lambda old, given: list(given),
}


def _off_screen(name: str) -> str:
    return f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."


def _as_it_is(value: Any) -> Any:
    return value


def _length(value: str) -> int:
    """As Java counts: a character outside the basic plane is two."""
    return len(value.encode("utf-16-le", "surrogatepass")) // 2


def _summary(value: Any) -> str:
    line = value.strip() if isinstance(value, str) else ""
    if not line:
        raise ValueError("You must specify a summary of the issue.")
    if _length(line) > MAX_SUMMARY:
        raise ValueError(f"Summary must be less than {MAX_SUMMARY} characters.")
    if "\n" in line or "\r" in line:
        raise ValueError("The summary is invalid because it contains newline characters.")
    return line


def text(value: Any) -> str | None:
    """A description or a comment in version 2. Raises ValueError."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError("Operation value must be a string")
    if _length(value) > MAX_DESCRIPTION:
        raise ValueError(
            f"The entered text is too long. It exceeds the allowed limit of {MAX_DESCRIPTION:,} characters."
        )
    return value


def _document(value: Any) -> str | None:
    raise ValueError("Operation value must be an Atlassian Document (see the Atlassian Document Format)")


def _labels(value: Any) -> tuple[str, ...]:
    for label in value:
        if " " in label:
            raise ValueError(f"The label '{label}' contains spaces which is invalid.")
        if _length(label) > MAX_LABEL:
            raise ValueError(f"The label '{label[:20]}...' is too long: {MAX_LABEL} characters are allowed.")
    return tuple(dict.fromkeys(value))


def _due(value: Any) -> str | None:
    if not value:
        return None
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise ValueError(f"Error parsing date string: {value}") from None


def _due_time(value: Any) -> str | None:
    """An instant with milliseconds and an offset, and in no other form."""
    if not value:
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z").isoformat(timespec="milliseconds")
    except (TypeError, ValueError):
        raise ValueError(f"Error parsing time: {value}") from None
