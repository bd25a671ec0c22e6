// RUN: ospjit opt %s --pass-pipeline=specialize | filecheck %s

// One copy for each instantiation that the entry reaches; the generic original and what nobody reaches go.
// CHECK: "func.func"() ({
// CHECK-NEXT: ^bb0(%arg0: i64):
// CHECK-NEXT: "func.return"(%arg0) : (i64) -> ()
// CHECK-NEXT: function_type = (i64) -> i64, sym_name = "same<i64>"
// CHECK: ^bb0(%arg0: !osp.string):
// CHECK: function_type = (!osp.string) -> !osp.string, sym_name = "same<!osp.string>"
// CHECK-NOT: !osp.var
// CHECK-NOT: "unreached"
// CHECK: "osp.call"({{.*}}) {callee = @"same<i64>"}
// CHECK-NEXT: "osp.string"
// CHECK-NEXT: "osp.call"({{.*}}) {callee = @"same<!osp.string>"}
"func.func"() ({
^bb0(%x: !osp.var<"a">):
  "func.return"(%x) : (!osp.var<"a">) -> ()
}) {function_type = (!osp.var<"a">) -> !osp.var<"a">, sym_name = "same", title = "same", tparams = ["a"]}
  : () -> ()
"func.func"() ({
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = () -> i64, sym_name = "unreached", title = "unreached"} : () -> ()
"func.func"() ({
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  %1 = "osp.call"(%0) {callee = @same, targs = [i64]} : (i64) -> i64
  %2 = "osp.string"() {value = "a"} : () -> !osp.string
  %3 = "osp.call"(%2) {callee = @same, targs = [!osp.string]} : (!osp.string) -> !osp.string
  "func.return"(%1) : (i64) -> ()
}) {function_type = () -> i64, sym_name = "osp.entry", title = "main"} : () -> ()
