// RUN: ospjit opt %s --pass-pipeline=unbox-results | filecheck %s

// A Result is a flag, a value and a message in registers; a checked operation is an overflow intrinsic, and
// nothing is allocated.
// CHECK: ^bb0(%arg0: i64, %arg1: i64):
// CHECK-NEXT: [[SUM:%.*]]:2 = "rt.add_overflow"(%arg0, %arg1) : (i64, i64) -> (i64, i1)
// CHECK-NOT: "rt.cell"
// CHECK-NOT: !osp.result
// CHECK: "func.return"([[SUM]]#1, [[SUM]]#0, {{%.*}}) : (i1, i64, !osp.string) -> ()
// CHECK-NEXT: function_type = (i64, i64) -> (i1, i64, !osp.string), sym_name = "add"
// CHECK: [[CALL:%.*]]:3 = "osp.call"(%arg0, %arg0) {callee = @add} : (i64, i64) -> (i1, i64, !osp.string)
// CHECK-NOT: !osp.result
// CHECK: "cf.cond_br"([[CALL]]#0)
"func.func"() ({
^bb0(%a: i64, %b: i64):
  %0 = "osp.add"(%a, %b) : (i64, i64) -> !osp.result<i64, !osp.string>
  "func.return"(%0) : (!osp.result<i64, !osp.string>) -> ()
}) {function_type = (i64, i64) -> !osp.result<i64, !osp.string>, sym_name = "add", title = "add"} : () -> ()
"func.func"() ({
^bb0(%a: i64):
  %0 = "osp.call"(%a, %a) {callee = @add} : (i64, i64) -> !osp.result<i64, !osp.string>
  %1 = "osp.is_error"(%0) : (!osp.result<i64, !osp.string>) -> i1
  "cf.cond_br"(%1)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^bb1:
  "func.return"(%a) : (i64) -> ()
^bb2:
  %2 = "osp.result_value"(%0) {index = 0 : i64} : (!osp.result<i64, !osp.string>) -> i64
  "func.return"(%2) : (i64) -> ()
}) {function_type = (i64) -> i64, sym_name = "twice", title = "twice"} : () -> ()
