// RUN: ospjit opt %s --pass-pipeline=lower-enums | filecheck %s

// A value of a union whose variants have no fields is the number of its variant.
// CHECK: [[NUMBER:%.*]] = "arith.constant"() {value = 1 : i64} : () -> i64
// CHECK-NEXT: "func.return"([[NUMBER]])
// CHECK-NEXT: function_type = (i64) -> i64
"osp.data"() {fields = [[], []], params = [], positional = [false, false], record = false, sym_name = "Color",
  title = "Color", types = [[], []], variants = ["Red", "Green"]} : () -> ()
"func.func"() ({
^bb0(%c: !osp.data<"Color">):
  %0 = "osp.construct"() {variant = "Green"} : () -> !osp.data<"Color">
  "func.return"(%0) : (!osp.data<"Color">) -> ()
}) {function_type = (!osp.data<"Color">) -> !osp.data<"Color">, sym_name = "green", title = "green"} : () -> ()
