// RUN: ospjit opt %s --pass-pipeline=cse --split-input-file | filecheck %s

// Equal operations in one block; the order of operands and the attributes count.
// CHECK-LABEL: "builtin.module"
// CHECK: [[SUM:%.*]] = "arith.addi"(%arg0, %arg1)
// CHECK-NEXT: [[OTHER:%.*]] = "arith.addi"(%arg1, %arg0)
// CHECK-NEXT: "func.return"([[SUM]], [[SUM]], [[OTHER]])
"func.func"() ({
^bb0(%a: i64, %b: i64):
  %0 = "arith.addi"(%a, %b) : (i64, i64) -> i64
  %1 = "arith.addi"(%a, %b) : (i64, i64) -> i64
  %2 = "arith.addi"(%b, %a) : (i64, i64) -> i64
  "func.return"(%0, %1, %2) : (i64, i64, i64) -> ()
}) {sym_name = "same_block", function_type = (i64, i64) -> (i64, i64, i64)} : () -> ()

// -----

// What a dominating block computed is there; what a sibling computed is not.
// CHECK-LABEL: "builtin.module"
// CHECK: [[TOP:%.*]] = "arith.muli"(%arg1, %arg1)
// CHECK: ^bb1:
// CHECK-NEXT: [[LEFT:%.*]] = "arith.addi"(%arg1, [[TOP]])
// CHECK-NEXT: "func.return"([[LEFT]])
// CHECK-NEXT: ^bb2:
// CHECK-NEXT: [[RIGHT:%.*]] = "arith.addi"(%arg1, [[TOP]])
// CHECK-NEXT: "func.return"([[RIGHT]])
"func.func"() ({
^bb0(%c: i1, %x: i64):
  %0 = "arith.muli"(%x, %x) : (i64, i64) -> i64
  "cf.cond_br"(%c)[^l, ^r] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^l:
  %1 = "arith.muli"(%x, %x) : (i64, i64) -> i64
  %2 = "arith.addi"(%x, %1) : (i64, i64) -> i64
  "func.return"(%2) : (i64) -> ()
^r:
  %3 = "arith.muli"(%x, %x) : (i64, i64) -> i64
  %4 = "arith.addi"(%x, %3) : (i64, i64) -> i64
  "func.return"(%4) : (i64) -> ()
}) {sym_name = "dominating", function_type = (i1, i64) -> i64} : () -> ()

// -----

// A nested region sees what stands before it, and not what stands after it.
// CHECK-LABEL: "builtin.module"
// CHECK: [[BEFORE:%.*]] = "arith.addi"(%arg1, %arg1)
// CHECK-NEXT: [[IF:%.*]] = "scf.if"(%arg0) ({
// CHECK-NEXT: [[INNER:%.*]] = "arith.muli"(%arg1, %arg1)
// CHECK-NEXT: [[SUM:%.*]] = "arith.subi"([[BEFORE]], [[INNER]])
// CHECK-NEXT: "scf.yield"([[SUM]])
// CHECK: [[AFTER:%.*]] = "arith.muli"(%arg1, %arg1)
// CHECK-NEXT: "func.return"([[IF]], [[AFTER]])
"func.func"() ({
^bb0(%c: i1, %x: i64):
  %0 = "arith.addi"(%x, %x) : (i64, i64) -> i64
  %1 = "scf.if"(%c) ({
    %2 = "arith.addi"(%x, %x) : (i64, i64) -> i64
    %3 = "arith.muli"(%x, %x) : (i64, i64) -> i64
    %4 = "arith.subi"(%2, %3) : (i64, i64) -> i64
    "scf.yield"(%4) : (i64) -> ()
  }, {
    "scf.yield"(%x) : (i64) -> ()
  }) : (i1) -> i64
  %5 = "arith.muli"(%x, %x) : (i64, i64) -> i64
  "func.return"(%1, %5) : (i64, i64) -> ()
}) {sym_name = "nested", function_type = (i1, i64) -> (i64, i64)} : () -> ()
