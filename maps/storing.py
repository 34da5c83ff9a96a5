"""Files stored whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from maps.errors import MapWriteError


def store(path: Path, content: bytes) -> None:
    """Write `content` aside and put it in place of `path`; raises MapWriteError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, fresh = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(fresh, 0o644)
            os.replace(fresh, path)
        except OSError:
            os.unlink(fresh)
            raise
    except OSError as error:
        raise MapWriteError(f"cannot be written ({error.strerror or error})", file=path) from error
