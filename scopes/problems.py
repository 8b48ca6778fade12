"""What is wrong with a catalogue file, and where: every problem names its file and line."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One defect of one catalogue file.

    Args:
        file: the file's name inside the catalogue folder.
        line: counted from 1.
        message: what is wrong and, where it is short, what would mend it.
    """

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class CatalogueError(Exception):
    """The catalogue may not be used; `problems` says why. A gateway with a broken catalogue does not start."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)
