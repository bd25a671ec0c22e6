// RUN: ospjit opt %s --pass-pipeline=dce --split-input-file | filecheck %s

// A chain that nobody reads dies as a whole; calls have effects and stay.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i64):
// CHECK-NEXT: "func.call"(%arg0) {callee = @effect}
// CHECK-NEXT: "func.return"(%arg0)
"func.func"() ({}) {sym_name = "effect", sym_visibility = "private", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %0 = "arith.addi"(%x, %x) : (i64, i64) -> i64
  %1 = "arith.muli"(%0, %0) : (i64, i64) -> i64
  %2 = "func.call"(%x) {callee = @effect} : (i64) -> i64
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "chain", function_type = (i64) -> i64} : () -> ()

// -----

// A loop that nothing leads to is erased although its blocks lead to each other.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.return"(%arg0)
// CHECK-NEXT: }) {
// CHECK-NOT: ^bb1
"func.func"() ({
^bb0(%x: i64):
  "func.return"(%x) : (i64) -> ()
^a(%0: i64):
  %1 = "arith.addi"(%0, %2) : (i64, i64) -> i64
  "cf.br"(%1)[^b] : (i64) -> ()
^b(%2: i64):
  "cf.br"(%2)[^a] : (i64) -> ()
}) {sym_name = "island", function_type = (i64) -> i64} : () -> ()
