"""What can be wrong with a map.

MapError
├── MapReadError              the file is missing, too large, or not YAML or GeoJSON at all
├── MapContentError           a feature or field of the file has a value that cannot be used
│   ├── DuplicateIdError      two features claim one id
│   └── BrokenReferenceError  a feature names something that the site does not have
├── MapFormatError            no importer recognises the file
├── MapWriteError             the site cannot be stored at the given place
└── NoRoomError               the site has fewer places to keep robots than were asked for

Every message names the file, the feature and the field as far as they are known, and ends with the way out.
"""

from __future__ import annotations

from pathlib import Path


class MapError(Exception):
    """A map cannot be used as it is; `str()` is one line for the person who edits it."""

    def __init__(
        self,
        problem: str,
        *,
        file: Path | str | None = None,
        feature: str | None = None,
        field: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = None if file is None else str(file)
        self.feature = feature
        self.field = field
        self.remedy = remedy
        where = [part for part in (self.file, feature, field and f"field {field!r}") if part]
        message = ": ".join([*where, problem])
        super().__init__(" ".join(f"{message}. {remedy}.".split()) if remedy else " ".join(message.split()))


class MapReadError(MapError):
    """The file is missing, too large, or not YAML or GeoJSON at all."""


class MapContentError(MapError):
    """A feature or field of the file has a value that cannot be used."""


class DuplicateIdError(MapContentError):
    """Two features claim one id."""


class BrokenReferenceError(MapContentError):
    """A feature names something that the site does not have."""


class MapFormatError(MapError):
    """No importer recognises the file."""


class MapWriteError(MapError):
    """The site cannot be stored at the given place."""


class NoRoomError(MapError):
    """The site has fewer places to keep robots than were asked for."""
