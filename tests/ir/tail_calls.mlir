// RUN: ospjit opt %s --pass-pipeline=tail-calls | filecheck %s

// A call whose result goes through a branch straight to the return becomes a tail call; one whose result is
// used on the way does not.
// CHECK: ^bb0(%arg0: i1, %arg1: i64):
// CHECK: [[CALL:%.*]] = "func.call"(%arg0, %arg1) {callee = @loop, tail}
// CHECK-NEXT: "func.return"([[CALL]])
// CHECK: sym_name = "loop"
// CHECK: "func.call"(%arg0, %arg1) {callee = @loop} :
// CHECK-NEXT: "arith.addi"
"func.func"() ({
^bb0(%c: i1, %x: i64):
  "cf.cond_br"(%c)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^bb1:
  "cf.br"(%x)[^bb3] : (i64) -> ()
^bb2:
  %0 = "func.call"(%c, %x) {callee = @loop} : (i1, i64) -> i64
  "cf.br"(%0)[^bb3] : (i64) -> ()
^bb3(%1: i64):
  "func.return"(%1) : (i64) -> ()
}) {function_type = (i1, i64) -> i64, sym_name = "loop", title = "loop"} : () -> ()
"func.func"() ({
^bb0(%c: i1, %x: i64):
  %0 = "func.call"(%c, %x) {callee = @loop} : (i1, i64) -> i64
  %1 = "arith.addi"(%0, %x) : (i64, i64) -> i64
  "func.return"(%1) : (i64) -> ()
}) {function_type = (i1, i64) -> i64, sym_name = "once", title = "once"} : () -> ()
