// RUN: ospjit opt %s --pass-pipeline=lower-data | filecheck %s

// A record is a cell with its counted fields first; a field is a slot of it. Declarations are gone.
// CHECK-NOT: "osp.
// CHECK: [[CELL:%.*]] = "rt.cell"(%arg1, %arg0) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i64) -> !osp.data<"P">
// CHECK-NEXT: [[X:%.*]] = "rt.slot"([[CELL]]) {index = 1 : i64, scan = 1 : i64, words = 2 : i64} : (!osp.data<"P">) -> i64
// CHECK-NEXT: "func.return"([[X]])
"osp.data"() {fields = [["x", "name"]], params = [], positional = [false], record = true, sym_name = "P",
  title = "P", types = [[i64, !osp.string]], variants = ["P"]} : () -> ()
"func.func"() ({
^bb0(%x: i64, %name: !osp.string):
  %0 = "osp.construct"(%x, %name) {variant = "P"} : (i64, !osp.string) -> !osp.data<"P">
  %1 = "osp.get_field"(%0) {field = "x"} : (!osp.data<"P">) -> i64
  "func.return"(%1) : (i64) -> ()
}) {function_type = (i64, !osp.string) -> i64, sym_name = "x_of", title = "x_of"} : () -> ()
