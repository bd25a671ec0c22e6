"""IR texts that use every part of the textual form, for tests of printer, parser and other readers."""

from __future__ import annotations

CORPUS: dict[str, str] = {
    "empty module": '"builtin.module"() ({\n^bb0:\n}) : () -> ()\n',
    "locations": """
"builtin.module"() ({
  "func.func"() ({
  ^bb0(%a: i64 loc("x.osp":1:2)):
    "func.return"(%a) : (i64) -> () loc("dir/a \\22b.osp":10:200)
  }) {sym_name = "f", function_type = (i64) -> i64} : () -> () loc("é.osp":1:1)
}) : () -> () loc(unknown)
""",
    "several results": """
"builtin.module"() ({
  "func.func"() ({
    %0:3 = "test.three"() : () -> (i64, i1, f64)
    %1, %2 = "test.two"(%0#2, %0#0) : (f64, i64) -> (i64, !osp.string)
    %3:2, %4 = "test.three"(%1, %2) : (i64, !osp.string) -> (i64, i64, i64)
    "func.return"(%3#1) : (i64) -> ()
  }) {sym_name = "f", function_type = () -> i64} : () -> ()
}) : () -> ()
""",
    "branches": """
"builtin.module"() ({
  "func.func"() ({
  ^entry(%c: i1, %x: i64):
    "cf.cond_br"(%c, %x)[^loop, ^end] <{operandSegmentSizes = array<i32: 1, 1, 0>}> : (i1, i64) -> ()
  ^loop(%i: i64):
    "cf.switch"(%i, %i)[^loop, ^end, ^other] {case_operand_segments = array<i32: 0, 0>,
      case_values = dense<[-1, 2]> : tensor<2xi64>, operandSegmentSizes = array<i32: 1, 1, 0>}
      : (i64, i64) -> ()
  ^other:
    "cf.br"()[^end] : () -> ()
  ^end:
    "func.return"(%x) : (i64) -> ()
  }) {sym_name = "f", function_type = (i1, i64) -> i64} : () -> ()
}) : () -> ()
""",
    "uses before definitions": """
"builtin.module"() ({
  "func.func"() ({
    "cf.br"()[^b] : () -> ()
  ^a:
    "func.return"(%p#1) : (i64) -> ()
  ^b:
    %p:2 = "test.pair"() : () -> (i1, i64)
    "cf.br"()[^a] : () -> ()
  }) {sym_name = "f", function_type = () -> i64} : () -> ()
}) : () -> ()
""",
    "nested regions": """
"builtin.module"() ({
  "func.func"() ({
  ^bb0(%c: i1, %x: i64):
    %0 = "scf.if"(%c) ({
      %1 = "scf.while"(%x) ({
      ^bb0(%y: i64):
        "scf.condition"(%c, %y) : (i1, i64) -> ()
      }, {
      ^bb0(%y: i64):
        %2 = "arith.addi"(%y, %x) : (i64, i64) -> i64
        "scf.yield"(%2) : (i64) -> ()
      }) : (i64) -> i64
      "scf.yield"(%1) : (i64) -> ()
    }, {
      "scf.yield"(%x) : (i64) -> ()
    }) : (i1) -> i64
    "test.empty"() ({}, {
    ^bb0:
    }, {
      "test.end"() : () -> ()
    }) : () -> ()
    "func.return"(%0) : (i64) -> ()
  }) {sym_name = "f", function_type = (i1, i64) -> i64} : () -> ()
}) : () -> ()
""",
    "attributes": r"""
"builtin.module"() ({
  "test.attributes"() {
    unit_spelled = unit, bare, "odd name" = 1 : i64,
    int = -42 : i64, hex = 0xFF : i32, small = -1 : i8, idx = 3 : index, implied = 7,
    yes = true, no = false,
    float = 1.5 : f64, exponent = 1.0e-300 : f64, zero = -0.0 : f64, nan = 0x7FF8000000000001 : f64,
    inf = 0xFFF0000000000000 : f64, single = 0.1 : f32, implied_float = 2.5,
    text = "a\22b\\c\n\t\00\FF é", name = @f, quoted = @"id<i64>",
    list = [1 : i64, "a", [], {x = true}], empty = {}, dict = {z = i64, a = @g},
    type = !osp.result<i64, !osp.string>, function = (i64, !osp.fn<(i64) -> ()>) -> (i64, i1),
    nothing = () -> (), adt = !osp.adt<"Shape \22x\22", i64, -3>,
    array = array<i32: 1, -2, 3>, none = array<i64>,
    dense = dense<[1, 2]> : tensor<2xi64>, splat = dense<7> : tensor<1xi32>
  } : () -> ()
}) : () -> ()
""",
    "types": """
"builtin.module"() ({
  %0:6 = "test.types"() : () -> (i1, f32, index, none, (i64) -> i64, !osp.list<!osp.fn<() -> (i64, i64)>>)
  "test.use"(%0#4, %0#5) : ((i64) -> i64, !osp.list<!osp.fn<() -> (i64, i64)>>) -> ()
  %1 = "test.returns_function"() : () -> ((i64) -> (f64, () -> ()))
}) : () -> ()
""",
    "no module, comments": """
// A comment.
"test.one"() : () -> () // Another.
"test.two"() : () -> ()
""",
}
