// RUN: ospjit opt %s --pass-pipeline=unbox-records --split-input-file | filecheck %s

// All callers bring a new record: the function takes the fields, and makes the record where it is returned.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i1, %arg1: !osp.string, %arg2: i64):
// CHECK: [[P:%.*]] = "rt.cell"(%arg1, %arg2)
// CHECK-NEXT: "func.return"([[P]])
// CHECK: "arith.addi"
// CHECK-NEXT: "func.call"(%arg0, %arg1, [[N:%.*]]) {callee = @loop, tail} : (i1, !osp.string, i64)
// CHECK: ^bb0(%arg0: i1, %arg1: i64, %arg2: !osp.string):
// CHECK-NEXT: "func.call"(%arg0, %arg2, %arg1) {callee = @loop}
"func.func"() ({
^bb0(%c: i1, %p: !osp.data<"P">):
  "cf.cond_br"(%c)[^end, ^again] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^end:
  "func.return"(%p) : (!osp.data<"P">) -> ()
^again:
  %s = "rt.slot"(%p) {index = 0 : i64, scan = 1 : i64, words = 2 : i64} : (!osp.data<"P">) -> !osp.string
  %n = "rt.slot"(%p) {index = 1 : i64, scan = 1 : i64, words = 2 : i64} : (!osp.data<"P">) -> i64
  %m = "arith.addi"(%n, %n) : (i64, i64) -> i64
  %q = "rt.cell"(%s, %m) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i64) -> !osp.data<"P">
  %r = "func.call"(%c, %q) {callee = @loop, tail} : (i1, !osp.data<"P">) -> !osp.data<"P">
  "func.return"(%r) : (!osp.data<"P">) -> ()
}) {sym_name = "loop", function_type = (i1, !osp.data<"P">) -> !osp.data<"P">} : () -> ()
"func.func"() ({
^bb0(%c: i1, %n: i64, %s: !osp.string):
  %p = "rt.cell"(%s, %n) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i64) -> !osp.data<"P">
  %r = "func.call"(%c, %p) {callee = @loop} : (i1, !osp.data<"P">) -> !osp.data<"P">
  "func.return"(%r) : (!osp.data<"P">) -> ()
}) {sym_name = "main", function_type = (i1, i64, !osp.string) -> !osp.data<"P">} : () -> ()

// -----

// Somebody brings a record that is there: the first round is as before, and the loop is a function of its own.
// A round that passes the record on reads it where the ways meet; in the loop nothing is read.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.return"(%arg1)
// CHECK: "cf.br"([[A:%.*]])[^bb5]
// CHECK: [[B:%.*]] = "rt.slot"(%arg1)
// CHECK: "cf.br"([[B]])[^bb5]
// CHECK: ^bb5([[X:%.*]]: i64):
// CHECK-NEXT: "func.call"(%arg0, [[X]]) {callee = @f$loop, tail}
// CHECK: sym_name = "f"
// CHECK: ^bb0(%arg0: i1, %arg1: i64):
// CHECK: "cf.br"(%arg1)[^bb5]
// CHECK-NOT: "rt.slot"
// CHECK: {direct, {{.*}}sym_name = "f$loop"}
"func.func"() ({
^bb0(%c: i1, %p: !osp.data<"P">):
  "cf.cond_br"(%c)[^end, ^again] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^end:
  "func.return"(%p) : (!osp.data<"P">) -> ()
^again:
  "cf.cond_br"(%c)[^new, ^old] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^new:
  %n = "rt.slot"(%p) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"P">) -> i64
  %m = "arith.addi"(%n, %n) : (i64, i64) -> i64
  %q = "rt.cell"(%m) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"P">
  "cf.br"(%q)[^both] : (!osp.data<"P">) -> ()
^old:
  "cf.br"(%p)[^both] : (!osp.data<"P">) -> ()
^both(%x: !osp.data<"P">):
  %r = "func.call"(%c, %x) {callee = @f, tail} : (i1, !osp.data<"P">) -> !osp.data<"P">
  "func.return"(%r) : (!osp.data<"P">) -> ()
}) {sym_name = "f", exported, function_type = (i1, !osp.data<"P">) -> !osp.data<"P">} : () -> ()

// -----

// An argument of a block; the record is made on the one way on which it is needed.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.br"(%arg1)[^bb3]
// CHECK: "cf.br"(%arg2)[^bb3]
// CHECK: ^bb3([[X:%.*]]: i64):
// CHECK-NEXT: "arith.addi"([[X]], [[X]])
// CHECK: ^bb4:
// CHECK-NEXT: "rt.cell"([[X]])
// CHECK-NOT: "rt.slot"
"func.func"() ({
^bb0(%c: i1, %a: i64, %b: i64):
  "cf.cond_br"(%c)[^one, ^two] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^one:
  %p = "rt.cell"(%a) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"P">
  "cf.br"(%p)[^both] : (!osp.data<"P">) -> ()
^two:
  %q = "rt.cell"(%b) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"P">
  "cf.br"(%q)[^both] : (!osp.data<"P">) -> ()
^both(%x: !osp.data<"P">):
  %n = "rt.slot"(%x) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"P">) -> i64
  %m = "arith.addi"(%n, %n) : (i64, i64) -> i64
  "cf.cond_br"(%c)[^whole, ^end] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^whole:
  "rt.global_store"(%x) {global = @g, index = 0 : i64} : (!osp.data<"P">) -> ()
  "cf.br"()[^end] : () -> ()
^end:
  "func.return"(%m) : (i64) -> ()
}) {sym_name = "f", function_type = (i1, i64, i64) -> i64} : () -> ()
"rt.global"() {sym_name = "g", title = "g", mutable = true, types = [!osp.data<"P">]} : () -> ()

// -----

// The loop stores every record.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i1, %arg1: !osp.data<"P">):
// CHECK: "rt.global_store"(%arg1)
// CHECK-NOT: $loop
"func.func"() ({
^bb0(%c: i1, %p: !osp.data<"P">):
  "cf.cond_br"(%c)[^end, ^again] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^end:
  "func.return"(%p) : (!osp.data<"P">) -> ()
^again:
  "rt.global_store"(%p) {global = @g, index = 0 : i64} : (!osp.data<"P">) -> ()
  %n = "rt.slot"(%p) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"P">) -> i64
  %m = "arith.addi"(%n, %n) : (i64, i64) -> i64
  %q = "rt.cell"(%m) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"P">
  %r = "func.call"(%c, %q) {callee = @f, tail} : (i1, !osp.data<"P">) -> !osp.data<"P">
  "func.return"(%r) : (!osp.data<"P">) -> ()
}) {sym_name = "f", function_type = (i1, !osp.data<"P">) -> !osp.data<"P">} : () -> ()
"rt.global"() {sym_name = "g", title = "g", mutable = true, types = [!osp.data<"P">]} : () -> ()

// -----

// A type whose tag is asked for is no record; one that may be null is not read before it was asked for.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb3([[X:%.*]]: !osp.data<"U">):
// CHECK-NEXT: "rt.tag"([[X]])
// CHECK: ^bb3([[Y:%.*]]: !osp.data<"P">):
// CHECK-NEXT: "rt.slot"([[Y]])
"func.func"() ({
^bb0(%c: i1, %a: i64, %b: i64):
  "cf.cond_br"(%c)[^one, ^two] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^one:
  %p = "rt.cell"(%a) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"U">
  "cf.br"(%p)[^both] : (!osp.data<"U">) -> ()
^two:
  %q = "rt.cell"(%b) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"U">
  "cf.br"(%q)[^both] : (!osp.data<"U">) -> ()
^both(%x: !osp.data<"U">):
  %t = "rt.tag"(%x) : (!osp.data<"U">) -> i64
  %n = "rt.slot"(%x) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"U">) -> i64
  %m = "arith.addi"(%n, %t) : (i64, i64) -> i64
  "func.return"(%m) : (i64) -> ()
}) {sym_name = "f", function_type = (i1, i64, i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%c: i1, %a: i64):
  "cf.cond_br"(%c)[^one, ^two] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^one:
  %p = "rt.cell"(%a) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"P">
  "cf.br"(%p)[^both] : (!osp.data<"P">) -> ()
^two:
  %q = "rt.null"() : () -> !osp.data<"P">
  "cf.br"(%q)[^both] : (!osp.data<"P">) -> ()
^both(%x: !osp.data<"P">):
  %n = "rt.slot"(%x) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"P">) -> i64
  "func.return"(%n) : (i64) -> ()
}) {sym_name = "g", function_type = (i1, i64) -> i64} : () -> ()

// -----

// A function returns the fields, and so does one that ends with a call of it; who wants the record makes it.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.return"(%arg1, [[T:%.*]]) : (!osp.string, i64) -> ()
// CHECK: sym_name = "make"
// CHECK: [[R:%.*]]:2 = "func.call"(%arg0, %arg1) {callee = @make, tail}
// CHECK-NEXT: "func.return"([[R]]#0, [[R]]#1)
// CHECK: [[A:%.*]]:2 = "func.call"(%arg0, %arg1) {callee = @pass}
// CHECK-NEXT: [[B:%.*]]:2 = "func.call"(%arg0, %arg1) {callee = @make}
// CHECK-NEXT: [[C:%.*]] = "rt.cell"([[B]]#0, [[B]]#1)
// CHECK-NEXT: "func.return"([[A]]#1, [[C]])
"func.func"() ({
^bb0(%n: i64, %s: !osp.string):
  %t = "arith.addi"(%n, %n) : (i64, i64) -> i64
  %p = "rt.cell"(%s, %t) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i64) -> !osp.data<"P">
  "func.return"(%p) : (!osp.data<"P">) -> ()
}) {sym_name = "make", function_type = (i64, !osp.string) -> !osp.data<"P">} : () -> ()
"func.func"() ({
^bb0(%n: i64, %s: !osp.string):
  %r = "func.call"(%n, %s) {callee = @make, tail} : (i64, !osp.string) -> !osp.data<"P">
  "func.return"(%r) : (!osp.data<"P">) -> ()
}) {sym_name = "pass", function_type = (i64, !osp.string) -> !osp.data<"P">} : () -> ()
"func.func"() ({
^bb0(%n: i64, %s: !osp.string):
  %p = "func.call"(%n, %s) {callee = @pass} : (i64, !osp.string) -> !osp.data<"P">
  %q = "func.call"(%n, %s) {callee = @make} : (i64, !osp.string) -> !osp.data<"P">
  %x = "rt.slot"(%p) {index = 1 : i64, scan = 1 : i64, words = 2 : i64} : (!osp.data<"P">) -> i64
  "func.return"(%x, %q) : (i64, !osp.data<"P">) -> ()
}) {sym_name = "main", exported, function_type = (i64, !osp.string) -> (i64, !osp.data<"P">)} : () -> ()

// -----

// A function that returns what it was given or a new record, and a caller who keeps the record: no call may make
// one where none was made.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.br"(%arg1)[^bb3] : (!osp.data<"P">)
"func.func"() ({
^bb0(%c: i1, %p: !osp.data<"P">):
  "cf.cond_br"(%c)[^one, ^two] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^one:
  "cf.br"(%p)[^both] : (!osp.data<"P">) -> ()
^two:
  %n = "rt.slot"(%p) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"P">) -> i64
  %m = "arith.addi"(%n, %n) : (i64, i64) -> i64
  %q = "rt.cell"(%m) {scan = 0 : i64, tag = 0 : i64} : (i64) -> !osp.data<"P">
  "cf.br"(%q)[^both] : (!osp.data<"P">) -> ()
^both(%x: !osp.data<"P">):
  "func.return"(%x) : (!osp.data<"P">) -> ()
}) {sym_name = "f", function_type = (i1, !osp.data<"P">) -> !osp.data<"P">} : () -> ()
"func.func"() ({
^bb0(%c: i1, %p: !osp.data<"P">):
  %q = "func.call"(%c, %p) {callee = @f} : (i1, !osp.data<"P">) -> !osp.data<"P">
  %n = "rt.slot"(%q) {index = 0 : i64, scan = 0 : i64, words = 1 : i64} : (!osp.data<"P">) -> i64
  "func.return"(%n, %q) : (i64, !osp.data<"P">) -> ()
}) {sym_name = "main", exported, function_type = (i1, !osp.data<"P">) -> (i64, !osp.data<"P">)} : () -> ()

// -----

// A recursion that is not in tail position hands the record down in one piece.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.call"([[M:%.*]], %arg1) {callee = @deep} : (i64, !osp.data<"P">) -> i64
"func.func"() ({
^bb0(%n: i64, %p: !osp.data<"P">):
  %x = "rt.slot"(%p) {index = 0 : i64, scan = 0 : i64, words = 2 : i64} : (!osp.data<"P">) -> i64
  %m = "arith.subi"(%n, %x) : (i64, i64) -> i64
  %zero = "arith.constant"() {value = 0 : i64} : () -> i64
  %done = "arith.cmpi"(%m, %zero) {predicate = 0 : i64} : (i64, i64) -> i1
  "cf.cond_br"(%done)[^end, ^again] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^end:
  "func.return"(%x) : (i64) -> ()
^again:
  %r = "func.call"(%m, %p) {callee = @deep} : (i64, !osp.data<"P">) -> i64
  %s = "arith.addi"(%r, %x) : (i64, i64) -> i64
  "func.return"(%s) : (i64) -> ()
}) {sym_name = "deep", function_type = (i64, !osp.data<"P">) -> i64} : () -> ()
"func.func"() ({
^bb0(%n: i64):
  %p = "rt.cell"(%n, %n) {scan = 0 : i64, tag = 0 : i64} : (i64, i64) -> !osp.data<"P">
  %r = "func.call"(%n, %p) {callee = @deep} : (i64, !osp.data<"P">) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "main", exported, function_type = (i64) -> i64} : () -> ()
