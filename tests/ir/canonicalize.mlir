// RUN: ospjit opt %s --pass-pipeline=canonicalize --split-input-file | filecheck %s

// Constants are folded through a chain, in wrapping 64-bit arithmetic.
// CHECK-LABEL: sym_name = "before_fold"
// CHECK: value = -9223372036854775808 : i64
// CHECK-NEXT: "func.return"
"func.func"() ({}) {sym_name = "before_fold", sym_visibility = "private", function_type = () -> ()} : () -> ()
"func.func"() ({
  %0 = "arith.constant"() {value = 9223372036854775807 : i64} : () -> i64
  %1 = "arith.constant"() {value = 1 : i64} : () -> i64
  %2 = "arith.addi"(%0, %1) : (i64, i64) -> i64
  "func.return"(%2) : (i64) -> ()
}) {sym_name = "fold", function_type = () -> i64} : () -> ()

// -----

// A division by zero is left alone.
// CHECK-LABEL: "builtin.module"
// CHECK: [[ZERO:%.*]] = "arith.constant"() {value = 0 : i64}
// CHECK-NOT: "arith.addi"
// CHECK: "arith.divsi"(%arg0, [[ZERO]])
"func.func"() ({
^bb0(%a: i64):
  %0 = "arith.constant"() {value = 0 : i64} : () -> i64
  %1 = "arith.addi"(%a, %0) : (i64, i64) -> i64
  %2 = "arith.divsi"(%1, %0) : (i64, i64) -> i64
  "func.return"(%2) : (i64) -> ()
}) {sym_name = "divide", function_type = (i64) -> i64} : () -> ()

// -----

// A decided branch, the joining of blocks, and the death of what is then unreachable.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "cf.
// CHECK-NOT: ^bb1
// CHECK: value = 7 : i64
// CHECK-NEXT: "func.return"
"func.func"() ({
  %0 = "arith.constant"() {value = true} : () -> i1
  %1 = "arith.constant"() {value = 7 : i64} : () -> i64
  %2 = "arith.constant"() {value = 8 : i64} : () -> i64
  "cf.cond_br"(%0, %1, %2)[^then, ^else] {operandSegmentSizes = array<i32: 1, 1, 1>} : (i1, i64, i64) -> ()
^then(%3: i64):
  "cf.br"(%3)[^end] : (i64) -> ()
^else(%4: i64):
  "cf.br"(%4)[^end] : (i64) -> ()
^end(%5: i64):
  "func.return"(%5) : (i64) -> ()
}) {sym_name = "decide", function_type = () -> i64} : () -> ()

// -----

// A block that only goes on is passed over; a loop of such blocks does not hang the pass.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.cond_br"(%arg0, %arg1, %arg1)[^bb1, ^bb2]
// CHECK-NEXT: ^bb1({{.*}}):
// CHECK-NEXT: "func.return"
// CHECK-NEXT: ^bb2({{.*}}):
// CHECK-NEXT: "cf.br"({{.*}})[^bb{{2|3}}]
"func.func"() ({
^bb0(%c: i1, %x: i64):
  "cf.cond_br"(%c, %x, %x)[^a, ^l] {operandSegmentSizes = array<i32: 1, 1, 1>} : (i1, i64, i64) -> ()
^a(%0: i64):
  "cf.br"(%0)[^b] : (i64) -> ()
^b(%1: i64):
  "func.return"(%1) : (i64) -> ()
^l(%2: i64):
  "cf.br"(%2)[^m] : (i64) -> ()
^m(%3: i64):
  "cf.br"(%3)[^l] : (i64) -> ()
}) {sym_name = "forward", function_type = (i1, i64) -> i64} : () -> ()

// -----

// A switch on a constant goes where its case goes; a missing case, to the default.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "cf.switch"
// CHECK: value = 20 : i64
// CHECK-NOT: "cf.switch"
"func.func"() ({
  %0 = "arith.constant"() {value = 2 : i64} : () -> i64
  %1 = "arith.constant"() {value = 10 : i64} : () -> i64
  %2 = "arith.constant"() {value = 20 : i64} : () -> i64
  "cf.switch"(%0, %1, %1, %2)[^end, ^end, ^end] {case_operand_segments = array<i32: 1, 1>,
    case_values = dense<[1, 2]> : tensor<2xi64>, operandSegmentSizes = array<i32: 1, 1, 2>}
    : (i64, i64, i64, i64) -> ()
^end(%3: i64):
  "func.return"(%3) : (i64) -> ()
}) {sym_name = "pick", function_type = () -> i64} : () -> ()

// -----

// not (not x) is x; select c, true, false is c; x == x is true.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "arith.xori"
// CHECK-NOT: "arith.select"
// CHECK: [[TRUE:%.*]] = "arith.constant"() {value = true}
// CHECK-NEXT: "func.return"(%arg0, %arg0, [[TRUE]])
"func.func"() ({
^bb0(%c: i1, %x: i64):
  %t = "arith.constant"() {value = true} : () -> i1
  %f = "arith.constant"() {value = false} : () -> i1
  %0 = "arith.xori"(%c, %t) : (i1, i1) -> i1
  %1 = "arith.xori"(%t, %0) : (i1, i1) -> i1
  %2 = "arith.select"(%c, %t, %f) : (i1, i1, i1) -> i1
  %3 = "arith.cmpi"(%x, %x) {predicate = 0 : i64} : (i64, i64) -> i1
  "func.return"(%1, %2, %3) : (i1, i1, i1) -> ()
}) {sym_name = "truth", function_type = (i1, i64) -> (i1, i1, i1)} : () -> ()
