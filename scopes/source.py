"""YAML read with its line numbers, so that a problem found later can still say where it stands."""

from pathlib import Path

import yaml

from scopes.problems import CatalogueError, Problem

Place = tuple[str | int, ...]


class _Loader(yaml.CSafeLoader):
    """The safe loader of libyaml, which is ten times as quick, without dates: they stay the text that was written."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - so the base class has it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def _read_text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise CatalogueError([Problem(path.name, 1, f"cannot be read: {error.strerror}")]) from error
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CatalogueError([Problem(path.name, line, "not UTF-8")]) from error


class Source:
    """One file, of the catalogue or of an app: plain values, and the line of each place in them.

    Args:
        path: the file; only its name appears in problems.

    Raises:
        CatalogueError: when it cannot be read, is not UTF-8 or YAML, holds a control character, holds a key twice, or
            uses aliases (a shape is the way to reuse).
    """

    def __init__(self, path: Path) -> None:
        self.file = path.name
        self._lines: dict[Place, int] = {(): 1}
        self._seen: set[yaml.Node] = set()
        text = _read_text(path)
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            self.value: object = None if root is None else self._read(loader, root, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            line = 1 if mark is None else mark.line + 1
            raise CatalogueError([Problem(self.file, line, f"not YAML: {error.problem}")]) from error
        except yaml.reader.ReaderError as error:
            line = text.encode().count(b"\n", 0, error.position) + 1  # libyaml counts bytes
            problem = Problem(self.file, line, f"a control character, U+{error.character:04X}")
            raise CatalogueError([problem]) from error
        finally:
            loader.dispose()
            self._seen.clear()

    def line(self, place: Place) -> int:
        """Return the line of a place, or of the nearest place around it that the file spells out."""
        while place not in self._lines:
            place = place[:-1]
        return self._lines[place]

    def problem(self, place: Place, message: str) -> Problem:
        """Return a problem at a place."""
        return Problem(self.file, self.line(place), message)

    def _read(self, loader: _Loader, node: yaml.Node, place: Place) -> object:
        if node in self._seen:
            raise CatalogueError([self.problem(place, "not YAML: an alias; declare a shape instead")])
        self._seen.add(node)
        self._lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(loader, node, place)
        if isinstance(node, yaml.SequenceNode):
            return [self._read(loader, item, (*place, index)) for index, item in enumerate(node.value)]
        return self._read_scalar(loader, node)

    def _read_scalar(self, loader: _Loader, node: yaml.Node) -> object:
        try:
            value: object = loader.construct_object(node)
        except (ValueError, KeyError, AttributeError) as error:  # what a written tag does not fit
            kind = node.tag.rpartition(":")[2]
            raise CatalogueError([Problem(self.file, node.start_mark.line + 1, f"not YAML: no {kind}")]) from error
        return value

    def _read_mapping(self, loader: _Loader, node: yaml.MappingNode, place: Place) -> dict[str, object]:
        found: dict[str, object] = {}
        for key_node, value_node in node.value:
            key: object = key_node.value
            line = key_node.start_mark.line + 1
            if not isinstance(key, str) or key in found:
                raise CatalogueError([Problem(self.file, line, f"key stands twice or is no text: {key}")])
            self._lines[(*place, key)] = line
            found[key] = self._read(loader, value_node, (*place, key))
        return found
