"""Code that a user names, as FILE.py:NAME or package.module:NAME: found, executed, kept.

A run that was made with such code keeps the text of its files and their fingerprints. When the run
is loaded again, only a file of the user's own is executed: the one that was named then, unchanged,
and only if the run was written by the same user on the same machine (see `runs.seal`). The text
that lies in the run's directory is executed only if the user says so.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import hashlib
import importlib.util
import re
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

KEPT = "sources"
"""Folder of a run with the text of the files that it was made with."""

REFERENCE = re.compile(r"(?P<file>[^=\[\]{}]+\.py|[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")


@dataclasses.dataclass(frozen=True)
class Source:
    """An object in a Python file.

    Attributes:
      reference: as the user named it.
      path: of the file, absolute.
      fingerprint: of the file's text.
    """

    reference: str
    path: str
    fingerprint: str

    @property
    def name(self) -> str:
        """Of the object in the file."""
        return self.reference.rpartition(":")[2]

    @property
    def kept_name(self) -> str:
        """Of the copy that a run keeps."""
        return f"{self.fingerprint[:8]}-{Path(self.path).name}"

    def load(self) -> Any:
        """Executes the file, once in a process, and returns the object.

        Raises:
          ValueError: if the file fails, or has no such object; one line that says where.
        """
        module = _module(Path(self.path), self.reference, self.fingerprint)
        if not hasattr(module, self.name):
            here = [name for name, value in vars(module).items() if _is_own(value, module)]
            close = difflib.get_close_matches(self.name, here, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise ValueError(
                f"{self.reference}: the file defines no {self.name!r}{hint} "
                f"(it has: {', '.join(sorted(here)) or 'nothing'})"
            )
        return getattr(module, self.name)


def is_reference(text: str) -> bool:
    """Whether a text has the form FILE.py:NAME or package.module:NAME."""
    return REFERENCE.fullmatch(text) is not None


def find(reference: str) -> Source:
    """Finds a file that the user names, without executing it.

    Args:
      reference: FILE.py:NAME, relative to the working directory, or package.module:NAME.

    Raises:
      ValueError: for a reference of another form, a file that is not there, an unknown module.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"{reference!r}: must be FILE.py:NAME or package.module:NAME")
    if match["file"].endswith(".py"):
        path = Path(match["file"]).expanduser()
        if not path.is_file():
            raise ValueError(f"{reference}: there is no file {path}")
    else:
        path = _module_file(reference, match["file"])
    return Source(reference, str(path.resolve()), fingerprint(_read(path, reference)))


def fingerprint(text: bytes) -> str:
    """The SHA-256 of a file's text."""
    return hashlib.sha256(text).hexdigest()


def keep(sources: dict[str, Source], directory: Path) -> None:
    """Copies the text of the files into a run's directory."""
    folder = directory / KEPT
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources.values():
        (folder / source.kept_name).write_bytes(_read(Path(source.path), source.reference))


def reopen(source: Source, directory: Path, *, own: bool, trust: bool, option: str) -> Source:
    """What to execute for a source of a run that is loaded again.

    Args:
      source: as the run's configuration names it.
      directory: of the run.
      own: whether this user wrote the run on this machine.
      trust: execute the text that the run's directory holds.
      option: the command's option that names another source, for the error's text.

    Raises:
      ValueError: if the file has changed or is gone, or the run is not the user's own, saying what
        can be done.
    """
    kept = directory / KEPT / source.kept_name
    if trust:
        text = _read(kept, source.reference)
        if fingerprint(text) != source.fingerprint:
            raise ValueError(f"{kept} is not the file that the run was made with: it was changed")
        return dataclasses.replace(source, path=str(kept.resolve()))
    choices = f"name the code to use with {option}, or execute the copy {kept} with --trust"
    if not own:
        raise ValueError(
            f"{directory} asks to execute {source.reference}, and was not written by you on this "
            f"machine: read it first, then {choices}"
        )
    path = Path(source.path)
    if not path.is_file():
        raise ValueError(f"{source.reference} of {directory} is gone ({path}): {choices}")
    found = fingerprint(_read(path, source.reference))
    if found != source.fingerprint:
        raise ValueError(
            f"{path} has changed since {directory} was made (fingerprint "
            f"{source.fingerprint[:8]}, now {found[:8]}): {choices}"
        )
    return source


def _read(path: Path, reference: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{reference}: {path} cannot be read ({error.strerror})") from error


def _module_file(reference: str, module: str) -> Path:
    with _importable(Path.cwd()):
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError, AttributeError) as error:
            raise ValueError(f"{reference}: {error}") from error
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ValueError(f"{reference}: there is no Python module {module!r}")
    return Path(spec.origin)


_LOADED: dict[tuple[str, str, str], ModuleType] = {}


def _module(path: Path, reference: str, expected: str) -> ModuleType:
    """The executed file; a module of a package under its own name, a lone file under a new one."""
    where = reference.rpartition(":")[0]
    as_module = not where.endswith(".py") and path.parent.name != KEPT
    name = where if as_module else f"jaxmmo_user_{expected[:12]}_{path.stem}"
    key = (str(path), name, expected)
    if key in _LOADED:
        return _LOADED[key]
    if as_module and _module_file(reference, where).resolve() != path:
        raise ValueError(f"{reference}: {where} is not {path} any more, but another file")
    try:
        with _importable(Path.cwd() if as_module else path.parent):
            module = importlib.import_module(name) if as_module else _execute(path, name, expected)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        sys.modules.pop(name, None)
        raise ValueError(f"{reference}: {_where(error, path)}") from error
    _LOADED[key] = module
    return module


def _execute(path: Path, name: str, expected: str) -> ModuleType:
    text = path.read_bytes()
    if fingerprint(text) != expected:
        raise ValueError("the file has just changed")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    exec(compile(text, path, "exec", dont_inherit=True), vars(module))
    return module


def line_of(error: BaseException, source: Source) -> str:
    """In which line of the user's file an error arose, as ", line 7"; empty if it is not known."""
    return _line(error, Path(source.path))


def _line(error: BaseException, path: Path) -> str:
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    if isinstance(error, SyntaxError) and error.filename == str(path):
        lines.append(error.lineno)
    return f", line {lines[-1]}" if lines else ""


def _where(error: BaseException, path: Path) -> str:
    """What went wrong, and in which line of the user's file."""
    said = " ".join((error.msg if isinstance(error, SyntaxError) else str(error)).split())
    kind = type(error).__name__
    return f"loading it failed{_line(error, path)}: {kind}{': ' + said if said else ''}"


@contextlib.contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Modules that lie in a folder can be imported, as when Python runs a file there."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(str(folder))


def _is_own(value: Any, module: ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__
