"""Make the CMake exports of the ROS 2 wheels name this machine's Python.

The wheels' `*__rosidl_generator_pyExport.cmake` files hold the include folders of Python and numpy on the machine that
built them; a package whose interfaces depend on theirs does not compile with those. Run it after each change by pip:
mending what is mended already changes nothing.
"""

from __future__ import annotations

import re
import sys
import sysconfig
from pathlib import Path

import numpy as np

_NUMPY = re.compile(r'[^";]*/site-packages/numpy/(?:_core|core)/include')
_PYTHON = re.compile(r'[^";]*/include/python3\.\d+')


def mend(prefix: Path) -> int:
    """Mend the exports in the installation at `prefix`; returns how many files were changed."""
    changed = 0
    for path in sorted(prefix.glob("share/*/cmake/*__rosidl_generator_pyExport.cmake")):
        text = path.read_text(encoding="utf-8")
        mended = _NUMPY.sub(lambda _: np.get_include(), text)
        mended = _PYTHON.sub(lambda _: sysconfig.get_path("include"), mended)
        if mended != text:
            path.write_text(mended, encoding="utf-8")
            changed += 1
    return changed


if __name__ == "__main__":
    print(f"{mend(Path(sys.prefix))} exports mended in {sys.prefix}")
