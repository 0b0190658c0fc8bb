"""One hash over the shared library, so that a gateway and its host know that they agree.

Role in the flow: stage 8, in the hello frame; printed by `tocsin --version`. Context: host.
"""

import hashlib
from pathlib import Path

import tocsin


def lib_hash() -> str:
    """First 8 bytes, in hexadecimal, of SHA-256 over the sorted files of the imported `tocsin` package."""
    assert tocsin.__file__
    return hash_folder(Path(tocsin.__file__).parent)


def hash_folder(folder: Path) -> str:
    """The same for the *.py files of any folder: each as name, NUL, length in ASCII, NUL, content."""
    digest = hashlib.sha256()
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*.py")}
    for name in sorted(files):
        content = files[name].read_bytes()
        digest.update(b"%s\0%d\0%s" % (name.encode(), len(content), content))
    return digest.hexdigest()[:16]
