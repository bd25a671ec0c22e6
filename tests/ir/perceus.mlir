// RUN: ospjit opt %s --pass-pipeline=perceus --split-input-file | filecheck %s

// Runtime calls borrow: what they read for the last time is dropped behind them. What is returned is not.
// CHECK-LABEL: "builtin.module"
// CHECK: [[SUM:%.*]] = "rt.call"(%arg0, %arg1) {callee = @osp_string_concat}
// CHECK-DAG: "rt.drop"(%arg0)
// CHECK-DAG: "rt.drop"(%arg1)
// CHECK-NOT: "rt.drop"
// CHECK-NOT: "rt.dup"
// CHECK: "func.return"([[SUM]])
"func.func"() ({
^bb0(%a: !osp.string, %b: !osp.string):
  %0 = "rt.call"(%a, %b) {callee = @osp_string_concat} : (!osp.string, !osp.string) -> !osp.string
  "func.return"(%0) : (!osp.string) -> ()
}) {function_type = (!osp.string, !osp.string) -> !osp.string, exported = true, sym_name = "join", title = "join"} : () -> ()

// -----

// A value that is handed over and used again is counted once more; on the branch that needs it not, it is
// dropped.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.cond_br"
// CHECK: "rt.drop"(%arg1)
// CHECK: "rt.dup"(%arg1)
// CHECK: "func.call"(%arg1)
// CHECK: "func.call"(%arg1)
"func.func"() ({}) {function_type = (!osp.string) -> (), sym_name = "take", sym_visibility = "private"} : () -> ()
"func.func"() ({
^bb0(%c: i1, %s: !osp.string):
  "cf.cond_br"(%c)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^bb1:
  "func.return"() : () -> ()
^bb2:
  "func.call"(%s) {callee = @take} : (!osp.string) -> ()
  "func.call"(%s) {callee = @take} : (!osp.string) -> ()
  "func.return"() : () -> ()
}) {function_type = (i1, !osp.string) -> (), exported = true, sym_name = "both", title = "both"} : () -> ()
