"""What passes ask about declared types: variants, fields and their types at an instantiation."""

from __future__ import annotations

from typing import Any

from ospjit.ir import DialectType, Operation, SymbolTable, Type
from ospjit.passes.specialize import substitute


class DataTypes:
    """Look-ups in the `osp.data` declarations of a module. Types are `!osp.data` or `!osp.rec`."""

    def __init__(self, symbols: SymbolTable) -> None:
        self._symbols = symbols
        self._types: dict[tuple[Type, str], list[Type]] = {}

    def declaration(self, t: Type) -> Operation:
        """The `osp.data` of a declared type."""
        assert isinstance(t, DialectType) and t.name == "osp.data"
        found = self._symbols.lookup(str(t.params[0]))
        assert found is not None, t
        return found

    def variants(self, t: Type) -> list[str]:
        """The names of the variants, in declared order; a structural record has one without a name."""
        assert isinstance(t, DialectType)
        return [""] if t.name == "osp.rec" else list(self.declaration(t).attr("variants"))

    def field_names(self, t: Type, variant: str) -> list[str]:
        """The field names of a variant, in declared order."""
        assert isinstance(t, DialectType)
        if t.name == "osp.rec":
            return [str(name) for name in t.params[::2]]
        declaration = self.declaration(t)
        return list(declaration.attr("fields")[self.variants(t).index(variant)])

    def field_types(self, t: Type, variant: str) -> list[Type]:
        """The types of a variant's fields, in declared order."""
        key = (t, variant)
        if key not in self._types:
            assert isinstance(t, DialectType)
            self._types[key] = self._find(t, variant)
        return self._types[key]

    def _find(self, t: DialectType, variant: str) -> list[Type]:
        if t.name == "osp.rec":
            return [p for p in t.params[1::2] if isinstance(p, Type)]
        declaration = self.declaration(t)
        types: tuple[Any, ...] = declaration.attr("types")[self.variants(t).index(variant)]
        params = declaration.attr("params")
        mapping = dict(zip(params, t.params[1:], strict=True))
        return [substitute(f, mapping) for f in types] if params else list(types)

    def field_type(self, t: Type, name: str) -> Type:
        """The type of a record's field."""
        variant = self.variants(t)[0]
        return self.field_types(t, variant)[self.field_names(t, variant).index(name)]

    def is_enumeration(self, t: Type) -> bool:
        """Whether a declared union has no fields at all: its values are numbers."""
        if not isinstance(t, DialectType) or t.name != "osp.data":
            return False
        declaration = self.declaration(t)
        return not declaration.attr("record") and not any(declaration.attr("fields"))
