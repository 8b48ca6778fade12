"""Many values in one parameter: a JSON array of texts that both databases read as rows."""

from collections.abc import Iterable
from typing import Any

import orjson
from sqlalchemy import BindParameter, String, TableValuedAlias, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _Each(FunctionElement[Any]):
    inherit_cache = True


@compiles(_Each, "sqlite")
def _sqlite(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Each, "postgresql")
def _postgresql(element: Any, compiler: Any, **options: Any) -> str:
    return f"json_array_elements_text(CAST({compiler.process(element.clauses, **options)} AS JSON))"


def each_of(name: str) -> TableValuedAlias:
    """Return the rows of the parameter `name`, in the column `value`; `listed` writes it."""
    parameter: BindParameter[str] = bindparam(name, type_=String())
    return _Each(parameter).table_valued("value")


def listed(texts: Iterable[str]) -> str:
    """Write the texts as such a parameter."""
    return orjson.dumps(list(texts)).decode()
