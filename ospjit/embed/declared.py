"""Classes for the declared types of a module: frozen dataclasses, one for each record and for each variant
of a union, which `match` takes apart.
 A union is a class whose subclasses are its variants; both are attributes of the module, and the variants
also of the union. Field names that are words of Python's get an underscore at the end; positional fields
are called `_0`, `_1`, and so on.
"""

from __future__ import annotations

import dataclasses
import keyword
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ospjit.embed.values import Codec, RecordCodec, StructuralCodec, UnionCodec
from ospjit.types import core
from ospjit.types.types import Con, Rec, Type, substitute

if TYPE_CHECKING:
    from ospjit.embed.values import Codecs


def python_name(name: str) -> str:
    """A name of a field or parameter as Python can write it."""
    if name.isdigit():
        return f"_{name}"
    return f"{name}_" if keyword.iskeyword(name) else name


class Declared:
    """The classes of a module. `module` is what their `__module__` says."""

    def __init__(self, program: core.Program, module: str) -> None:
        self._program = program
        self._module = module
        #: The classes by the declaration's name.
        self._unions: dict[str, type] = {}
        self._variants: dict[tuple[str, str], type] = {}
        self._structural: dict[Rec, type] = {}
        #: What the module shows, by name.
        self.classes: dict[str, type] = {}
        for data in program.datas.values():
            if data.span.source is program.source:
                self._declare(data)

    def _declare(self, data: core.Data) -> None:
        title = data.title.rpartition("::")[2]
        if data.is_record:
            made = self._record(title, data.variants[0], data.doc, ())
            self._variants[data.name, data.variants[0].name] = made
            self._unions[data.name] = made
            self.classes.setdefault(title, made)
            return
        union = type(title, (), {"__module__": self._module, "__slots__": (), "__doc__": data.doc})
        self._unions[data.name] = union
        self.classes.setdefault(title, union)
        for variant in data.variants:
            made = self._record(variant.name, variant, variant.doc, (union,))
            made.__qualname__ = f"{title}.{variant.name}"
            self._variants[data.name, variant.name] = made
            if not hasattr(union, variant.name):
                setattr(union, variant.name, made)
        for variant in data.variants:
            self.classes.setdefault(variant.name, self._variants[data.name, variant.name])

    def _record(self, name: str, variant: core.Variant, doc: str | None, bases: Sequence[type]) -> type:
        attributes = [python_name(field) for field, _ in variant.fields]
        return self._dataclass(name, attributes, doc, bases)

    def _dataclass(
        self, name: str, attributes: Sequence[str], doc: str | None, bases: Sequence[type]
    ) -> type:
        fields = [(attribute, Any) for attribute in attributes]
        namespace = {"__module__": self._module, "__doc__": doc or f"{name}({', '.join(attributes)})"}
        return dataclasses.make_dataclass(
            name, fields, bases=tuple(bases), namespace=namespace, frozen=True, slots=True
        )

    def _classes_of(self, data: core.Data) -> None:
        """A type of the prelude gets its classes when it first crosses."""
        if data.name not in self._unions:
            self._declare(data)

    def codec(self, t: Type, codecs: Codecs) -> Codec:
        """The codec of a declared or structural type; called once for each."""
        if isinstance(t, Rec):
            return self._structural_codec(t, codecs)
        assert isinstance(t, Con)
        data = self._program.datas[t.name]
        self._classes_of(data)
        mapping = dict(zip(data.params, t.args, strict=True))
        variants = []
        for variant in data.variants:
            made = self._variants[data.name, variant.name]
            variants.append(RecordCodec(str(t), made, [python_name(name) for name, _ in variant.fields]))
        whole: Codec = (
            variants[0] if data.is_record else UnionCodec(str(t), self._unions[data.name], variants)
        )
        codecs.remember(t, whole)
        for variant, codec in zip(data.variants, variants, strict=True):
            codec.codecs = tuple(codecs.of(substitute(f, mapping)) for _, f in variant.fields)
            if not data.params:
                _annotate(codec)
        return whole

    def _structural_codec(self, t: Rec, codecs: Codecs) -> Codec:
        names = [python_name(name) for name, _ in t.fields]
        made = self._dataclass("Record", names, f"A record {t}.", ())
        codec = StructuralCodec(str(t), made, names)
        codecs.remember(t, codec)
        codec.codecs = tuple(codecs.of(f) for _, f in t.fields)
        _annotate(codec)
        return codec


def _annotate(codec: RecordCodec) -> None:
    """The fields' annotations, now that their types are known."""
    hints = {name: c.hint for name, c in zip(codec.attributes, codec.codecs, strict=True)}
    codec.made.__annotations__ = hints
    for field in dataclasses.fields(codec.made):
        field.type = hints[field.name]
