"""Keeping one warning of a library quiet for one call, where the code beside it has already decided the matter."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_warning(kind: type[Warning]) -> Iterator[None]:
    """Ignore warnings of `kind`; only round a call that never awaits, since the filters are the whole process's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", kind)
        yield
