// RUN: ospjit opt %s --pass-pipeline=fuse-iterators --split-input-file | filecheck %s

// A range, a map and a fold become one loop; the known callbacks are called directly, and no value is made of them.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: osp.func_ref
// CHECK: sym_name = "sum"
// CHECK-NOT: osp.builtin
// CHECK: "func.func"
// CHECK: "arith.cmpi"
// CHECK: "osp.call"({{.*}}) {callee = @double}
// CHECK: "osp.call"({{.*}}) {callee = @plus}
// CHECK: "osp.call"({{.*}}) {callee = @fused$0}
// CHECK: sym_name = "fused$0"
// CHECK-NOT: osp.call_closure
"func.func"() ({
^bb0(%n: i64):
  %zero = "arith.constant"() {value = 0 : i64} : () -> i64
  %r = "osp.builtin"(%zero, %n) {name = "range", overload = 0 : i64} : (i64, i64) -> !osp.fn<!osp.data<"osp.Step", i64>>
  %f = "osp.func_ref"() {callee = @double} : () -> !osp.fn<i64, i64>
  %m = "osp.builtin"(%r, %f) {name = "map", overload = 0 : i64, targs = [i64, i64]} : (!osp.fn<!osp.data<"osp.Step", i64>>, !osp.fn<i64, i64>) -> !osp.fn<!osp.data<"osp.Step", i64>>
  %g = "osp.func_ref"() {callee = @plus} : () -> !osp.fn<i64, i64, i64>
  %s = "osp.builtin"(%m, %zero, %g) {name = "fold", overload = 0 : i64, targs = [i64, i64]} : (!osp.fn<!osp.data<"osp.Step", i64>>, i64, !osp.fn<i64, i64, i64>) -> i64
  "func.return"(%s) : (i64) -> ()
}) {sym_name = "sum", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "double", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%a: i64, %x: i64):
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "plus", function_type = (i64, i64) -> i64} : () -> ()

// -----

// Lists are strict: a callback that prints has to be through with the whole list before the next one starts.
// CHECK-LABEL: "builtin.module"
// CHECK: sym_name = "lists"
// CHECK: callee = @noisy
// CHECK: sym_name = "fused$0"
// CHECK: callee = @noisy
// CHECK: sym_name = "fused$1"
"func.func"() ({
^bb0(%xs: !osp.list<i64>):
  %f = "osp.func_ref"() {callee = @noisy} : () -> !osp.fn<i64, i64>
  %a = "osp.builtin"(%xs, %f) {name = "mapList", overload = 0 : i64, targs = [i64, i64]} : (!osp.list<i64>, !osp.fn<i64, i64>) -> !osp.list<i64>
  %b = "osp.builtin"(%a, %f) {name = "mapList", overload = 0 : i64, targs = [i64, i64]} : (!osp.list<i64>, !osp.fn<i64, i64>) -> !osp.list<i64>
  "func.return"(%b) : (!osp.list<i64>) -> ()
}) {sym_name = "lists", function_type = (!osp.list<i64>) -> !osp.list<i64>} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %u = "osp.builtin"(%x) {name = "print", overload = 0 : i64, targs = [i64]} : (i64) -> !osp.unit
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "noisy", function_type = (i64) -> i64} : () -> ()
