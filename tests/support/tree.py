"""The project's files, for the tests that read them."""
import os
import pathlib

ROOT = pathlib.Path(os.environ.get("NOVELO_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[2]))
_NOT_OURS = {".git", "build"}


def files(*suffixes: str, under: str = ".") -> list[pathlib.Path]:
    """All files of the project below `under` whose name ends in one of `suffixes` (all files without any)."""
    found = []
    for folder, folders, names in os.walk(ROOT / under):
        folders[:] = sorted(name for name in folders if name not in _NOT_OURS and name != "__pycache__")
        found += [pathlib.Path(folder, name) for name in sorted(names) if not suffixes or name.endswith(suffixes)]
    return found


def name(path: pathlib.Path) -> str:
    """The path as the project says it: from its root."""
    return str(path.relative_to(ROOT))


def text(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")
