"""Cells and counts as LLVM IR: the functions that are inlined into compiled code.

Counts are plain while positive (one owner thread), shared when negative, and absent (static data) when zero;
only the shared ones and the freeing need the runtime. What ends in `_call` is for code that runs seldom:
LLVM spends more time on inlined counting than on anything else. The layout of the header word stands in the
runtime's `ospjit.h`; nothing here may know what a cell is used for.
"""

from __future__ import annotations

from collections.abc import Sequence

KIND_CELL = 1
KIND_CLOSURE = 2
KIND_ROW = 8

#: In the tag of a row whose elements are bytes.
ROW_BYTES = 2

#: The runtime functions that the text here calls.
CALLED = ("osp_cell_free", "osp_cell_new", "osp_drop", "osp_dup")

PRELUDE = """
define internal void @rt.dup(ptr %p) alwaysinline nounwind {
  %null = icmp eq ptr %p, null
  br i1 %null, label %end, label %look
look:
  %at = getelementptr i8, ptr %p, i64 -8
  %rc = load i32, ptr %at
  %plain = icmp sgt i32 %rc, 0
  br i1 %plain, label %count, label %other, !prof !0
count:
  %more = add nuw i32 %rc, 1
  store i32 %more, ptr %at
  br label %end
other:
  %static = icmp eq i32 %rc, 0
  br i1 %static, label %end, label %shared
shared:
  call void @osp_dup(ptr %p)
  br label %end
end:
  ret void
}

define internal void @rt.dup_call(ptr %p) noinline nounwind {
  call void @rt.dup(ptr %p)
  ret void
}

define internal void @rt.drop(ptr %p) alwaysinline nounwind {
  %null = icmp eq ptr %p, null
  br i1 %null, label %end, label %look
look:
  %at = getelementptr i8, ptr %p, i64 -8
  %rc = load i32, ptr %at
  %many = icmp sgt i32 %rc, 1
  br i1 %many, label %count, label %other
count:
  %less = add nsw i32 %rc, -1
  store i32 %less, ptr %at
  br label %end
other:
  %static = icmp eq i32 %rc, 0
  br i1 %static, label %end, label %last
last:
  call void @osp_drop(ptr %p)
  br label %end
end:
  ret void
}

define internal void @rt.drop_call(ptr %p) noinline nounwind {
  call void @rt.drop(ptr %p)
  ret void
}

define internal ptr @rt.cell_reuse(ptr %ctx, ptr %token, i64 %info, i64 %words) alwaysinline nounwind {
  %none = icmp eq ptr %token, null
  br i1 %none, label %fresh, label %again
again:
  %at = getelementptr i8, ptr %token, i64 -8
  %high = shl i64 %info, 32
  %header = or i64 %high, 1
  store i64 %header, ptr %at
  ret ptr %token
fresh:
  %new = call ptr @osp_cell_new(ptr %ctx, i64 %info, i64 %words)
  ret ptr %new
}

define internal void @rt.free_token(ptr %token) alwaysinline nounwind {
  %none = icmp eq ptr %token, null
  br i1 %none, label %end, label %free
free:
  call void @osp_cell_free(ptr %token)
  br label %end
end:
  ret void
}
"""


def info_word(kind: int, scan: int, tag: int) -> int:
    """The header's 32-bit description of a cell: kind, number of counted slots, tag."""
    if scan > 0xFFF or tag > 0xFFFF:
        raise OverflowError("a type has too many fields or variants")
    return kind | scan << 4 | tag << 16


def drop_name(first: int, scan: int, slots: Sequence[int], reuse: bool, often: bool) -> str:
    """The name of the function that `drop_function` makes of the same arguments."""
    name = ("rt.drop_reuse" if reuse else "rt.drop_cell") + ("" if often else "_call")
    return ".".join([name, str(first), str(scan), *map(str, slots)])


def drop_function(name: str, first: int, scan: int, slots: Sequence[int], reuse: bool, often: bool) -> str:
    """The function that gives up a reference to a cell whose counted slots are `scan` from `first` on.

    It receives the cell and what stands in `slots`, of which the caller is an owner afterwards. Returns the
    cell if `reuse` and the reference was the last, else null; without `reuse` it frees it. It is inlined into
    code that runs `often`.
    """
    params = ", ".join(["ptr %cell", *(f"ptr %s{i}" for i in range(len(slots)))])
    last = []
    for slot in range(first, first + scan):
        if slot not in slots:
            last.append(f"  %at{slot} = getelementptr i8, ptr %cell, i64 {8 * slot}")
            last.append(f"  %v{slot} = load ptr, ptr %at{slot}")
            last.append(f"  call void @rt.drop_call(ptr %v{slot})")
    last.append("  ret ptr %cell" if reuse else "  call void @osp_cell_free(ptr %cell)\n  ret void")
    shared = [f"  call void @rt.dup(ptr %s{i})" for i in range(len(slots))]
    shared.append("  call void @rt.drop_call(ptr %cell)")
    shared.append("  ret ptr null" if reuse else "  ret void")
    inlined = "alwaysinline" if often else "noinline"
    return "\n".join(
        [
            f"define internal {'ptr' if reuse else 'void'} @{name}({params}) {inlined} nounwind {{",
            "  %at = getelementptr i8, ptr %cell, i64 -8",
            "  %rc = load i32, ptr %at",
            "  %unique = icmp eq i32 %rc, 1",
            "  br i1 %unique, label %last, label %more",
            "last:",
            *last,
            "more:",
            *shared,
            "}",
        ]
    )
