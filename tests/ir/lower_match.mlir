// RUN: ospjit opt %s --pass-pipeline=lower-match --split-input-file | filecheck %s

// Literal arms become one switch; every number is looked at once.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.switch"(%arg0)[{{.*}}] {{{.*}}case_values = dense<[0, 1]> : tensor<2xi64>
// CHECK-NOT: "osp.match"
// CHECK-NOT: "arith.cmpi"
// CHECK-DAG: value = 10 : i64
// CHECK-DAG: value = 20 : i64
// CHECK-DAG: value = 30 : i64
// CHECK: "func.return"
"func.func"() ({
^bb0(%n: i64):
  %0 = "osp.match"(%n) ({
    %1 = "arith.constant"() {value = 10 : i64} : () -> i64
    "osp.yield"(%1) : (i64) -> ()
  }, {
    %2 = "arith.constant"() {value = 20 : i64} : () -> i64
    "osp.yield"(%2) : (i64) -> ()
  }, {
    %3 = "arith.constant"() {value = 30 : i64} : () -> i64
    "osp.yield"(%3) : (i64) -> ()
  }) {guards = [false, false, false], patterns = [["lit", 0 : i64], ["lit", 1 : i64], ["wild"]]} : (i64) -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = (i64) -> i64, sym_name = "pick", title = "pick"} : () -> ()

// -----

// A match on a Result asks once whether it failed, and binds its value.
// CHECK-LABEL: "builtin.module"
// CHECK: [[FAILED:%.*]] = "osp.is_error"(%arg0)
// CHECK-NEXT: "cf.cond_br"([[FAILED]])
// CHECK-NOT: "osp.is_error"
// CHECK-NOT: "osp.match"
// CHECK: "osp.result_value"(%arg0)
// CHECK-NOT: "osp.is_error"
"func.func"() ({
^bb0(%r: !osp.result<i64, !osp.string>):
  %0 = "osp.match"(%r) ({
  ^bb1(%value: i64):
    "osp.yield"(%value) : (i64) -> ()
  }, {
    %1 = "arith.constant"() {value = 0 : i64} : () -> i64
    "osp.yield"(%1) : (i64) -> ()
  }) {guards = [false, false], patterns = [["con", "Success", ["bind"]], ["con", "Error", ["wild"]]]}
    : (!osp.result<i64, !osp.string>) -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = (!osp.result<i64, !osp.string>) -> i64, sym_name = "or_zero", title = "or_zero"} : () -> ()
