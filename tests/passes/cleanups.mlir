// RUN: ospjit opt %s --pass-pipeline=cleanups --split-input-file | filecheck %s

// What is held over a call is named before it, what the call takes over is not; at the second nothing is held.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.cleanup"(%arg1, %arg2) : (!osp.string, !osp.fn<i64>) -> ()
// CHECK-NEXT: "func.call"(%arg0)
// CHECK-NEXT: "rt.drop"(%arg1)
// CHECK-NOT: "rt.cleanup"
// CHECK: "rt.call_closure"
"func.func"() ({
^bb0(%a: !osp.string, %b: !osp.string, %f: !osp.fn<i64>):
  %r = "func.call"(%a) {callee = @loop} : (!osp.string) -> i64
  "rt.drop"(%b) : (!osp.string) -> ()
  %s = "rt.call_closure"(%f) : (!osp.fn<i64>) -> i64
  "func.return"(%s) : (i64) -> ()
}) {sym_name = "main", function_type = (!osp.string, !osp.string, !osp.fn<i64>) -> i64} : () -> ()
"func.func"() ({
^bb0(%a: !osp.string):
  %r = "func.call"(%a) {callee = @loop, tail} : (!osp.string) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "loop", function_type = (!osp.string) -> i64} : () -> ()

// -----

// A function that calls nothing cannot end its caller; and the arguments that a function owns are noted.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "rt.cleanup"
// CHECK: owned = [0
"func.func"() ({
^bb0(%a: !osp.string):
  %n = "func.call"() {callee = @leaf} : () -> i64
  "rt.drop"(%a) : (!osp.string) -> ()
  "func.return"(%n) : (i64) -> ()
}) {sym_name = "main", function_type = (!osp.string) -> i64} : () -> ()
"func.func"() ({
  %c = "arith.constant"() {value = 1 : i64} : () -> i64
  "func.return"(%c) : (i64) -> ()
}) {sym_name = "leaf", function_type = () -> i64} : () -> ()
