// RUN: ospjit opt %s --pass-pipeline=lower-builtins | filecheck %s

// Renderings and built-in functions become calls of the runtime.
// CHECK: [[TEXT:%.*]] = "rt.call"(%arg0) {callee = @osp_int_to_string} : (i64) -> !osp.string
// CHECK: "rt.call"([[TEXT]]) {callee = @osp_print} : (!osp.string) -> ()
// CHECK-NOT: "osp.builtin"
// CHECK-NOT: "osp.to_string"
"func.func"() ({
^bb0(%n: i64):
  %0 = "osp.to_string"(%n) : (i64) -> !osp.string
  %1 = "osp.builtin"(%0) {name = "print", overload = 0 : i64, targs = [!osp.string]} : (!osp.string) -> !osp.unit
  "func.return"(%1) : (!osp.unit) -> ()
}) {function_type = (i64) -> !osp.unit, sym_name = "show", title = "show"} : () -> ()
