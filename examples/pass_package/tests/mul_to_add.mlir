// RUN: ospjit opt %s --pass-pipeline=mul-to-add | filecheck %s
// RUN: ospjit opt %s --pass-pipeline='mul-to-add{left-factors=false}' | filecheck %s --check-prefix=RIGHT

// CHECK: sym_name = "other"
// CHECK-NOT: "rt.mul_overflow"
// CHECK: "rt.add_overflow"(%arg0, %arg0) : (i64, i64) -> (i64, i1)
// CHECK: "rt.add_overflow"(%arg0, %arg0) : (i64, i64) -> (i64, i1)
// RIGHT: sym_name = "other"
// RIGHT: "rt.add_overflow"(%arg0, %arg0)
// RIGHT: "rt.mul_overflow"

// Other factors stay.
"func.func"() ({
^bb0(%x: i64):
  %three = "arith.constant"() {value = 3 : i64} : () -> i64
  %0:2 = "rt.mul_overflow"(%x, %three) : (i64, i64) -> (i64, i1)
  "func.return"(%0#0) : (i64) -> ()
}) {function_type = (i64) -> i64, sym_name = "other"} : () -> ()

"func.func"() ({
^bb0(%x: i64):
  %two = "arith.constant"() {value = 2 : i64} : () -> i64
  %0:2 = "rt.mul_overflow"(%x, %two) : (i64, i64) -> (i64, i1)
  %1:2 = "rt.mul_overflow"(%two, %x) : (i64, i64) -> (i64, i1)
  "func.return"(%0#0, %1#0) : (i64, i64) -> ()
}) {function_type = (i64) -> (i64, i64), sym_name = "double"} : () -> ()
