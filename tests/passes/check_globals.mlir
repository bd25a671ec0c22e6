// RUN: ospjit opt %s --pass-pipeline=check-globals --split-input-file | filecheck %s

// A function value that reads a variable exists before the initialiser: the read is checked.
// CHECK-LABEL: "builtin.module"
// CHECK: "osp.global"() {checked, mutable = false, sym_name = "late"
// CHECK: "osp.global_get"() {checked, global = @late}
"osp.global"() {sym_name = "late", type = i64, title = "late", mutable = false} : () -> ()
"func.func"() ({
  %v = "osp.global_get"() {global = @late} : () -> i64
  "func.return"(%v) : (i64) -> ()
}) {sym_name = "read", function_type = () -> i64} : () -> ()
"func.func"() ({
  %f = "osp.func_ref"() {callee = @read} : () -> !osp.fn<i64>
  %v = "osp.call_closure"(%f) : (!osp.fn<i64>) -> i64
  "osp.global_set"(%v) {global = @late} : (i64) -> ()
  "func.return"(%v) : (i64) -> ()
}) {sym_name = "osp.entry", function_type = () -> i64} : () -> ()

// -----

// What is initialised before anything can read it costs nothing, and the file's own statements read in order.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: checked
"osp.global"() {sym_name = "early", type = i64, title = "early", mutable = false} : () -> ()
"func.func"() ({
  %v = "osp.global_get"() {global = @early} : () -> i64
  "func.return"(%v) : (i64) -> ()
}) {sym_name = "read", function_type = () -> i64} : () -> ()
"func.func"() ({
  %c = "arith.constant"() {value = 1 : i64} : () -> i64
  "osp.global_set"(%c) {global = @early} : (i64) -> ()
  %v = "osp.call"() {callee = @read} : () -> i64
  %w = "osp.global_get"() {global = @early} : () -> i64
  "func.return"(%w) : (i64) -> ()
}) {sym_name = "osp.entry", function_type = () -> i64} : () -> ()
