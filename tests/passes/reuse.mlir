// RUN: ospjit opt %s --pass-pipeline=perceus --split-input-file | filecheck %s

// A new record in the place of the old one.
// CHECK-LABEL: "builtin.module"
// CHECK: [[NAME:%.*]] = "rt.slot"(%arg0) {index = 0
// CHECK: [[TOKEN:%.*]] = "rt.drop_reuse"(%arg0, [[NAME]]) {scan = 1 : i64, slots = [0 : i64], words = 2 : i64}
// CHECK: "rt.cell_reuse"([[TOKEN]], [[NAME]], %arg1) {scan = 1 : i64, tag = 0 : i64}
"func.func"() ({
^bb0(%p: !osp.data<"P">, %x: i64):
  %0 = "rt.slot"(%p) {index = 0, words = 2, scan = 1} : (!osp.data<"P">) -> !osp.string
  %1 = "rt.cell"(%0, %x) {tag = 0, scan = 1} : (!osp.string, i64) -> !osp.data<"P">
  "func.return"(%1) : (!osp.data<"P">) -> ()
}) {function_type = (!osp.data<"P">, i64) -> !osp.data<"P">, sym_name = "update"} : () -> ()

// -----

// The memory is freed on the paths that make nothing of it, as soon as that is certain.
// CHECK-LABEL: "builtin.module"
// CHECK: [[TOKEN:%.*]] = "rt.drop_reuse"(%arg0, %0)
// CHECK: "cf.cond_br"(%arg1)
// CHECK: ^bb1:
// CHECK-NEXT: "rt.cell_reuse"([[TOKEN]], %0, %1)
// CHECK: ^bb2:
// CHECK-NEXT: "rt.free_token"([[TOKEN]])
// CHECK: "rt.cell"(%0)
"func.func"() ({
^bb0(%p: !osp.data<"P">, %c: i1):
  %0 = "rt.slot"(%p) {index = 0, words = 2, scan = 1} : (!osp.data<"P">) -> !osp.string
  %1 = "rt.slot"(%p) {index = 1, words = 2, scan = 1} : (!osp.data<"P">) -> i64
  "cf.cond_br"(%c)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^bb1:
  %2 = "rt.cell"(%0, %1) {tag = 1, scan = 1} : (!osp.string, i64) -> !osp.data<"P">
  "func.return"(%2) : (!osp.data<"P">) -> ()
^bb2:
  %3 = "rt.cell"(%0) {tag = 0, scan = 1} : (!osp.string) -> !osp.data<"P">
  "func.return"(%3) : (!osp.data<"P">) -> ()
}) {function_type = (!osp.data<"P">, i1) -> !osp.data<"P">, sym_name = "choose"} : () -> ()

// -----

// A cell in a loop is made many times, and the memory is there once: it is not used.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: reuse
"func.func"() ({
^bb0(%p: !osp.data<"P">):
  %0 = "rt.slot"(%p) {index = 0, words = 2, scan = 1} : (!osp.data<"P">) -> !osp.string
  %1 = "rt.slot"(%p) {index = 1, words = 2, scan = 1} : (!osp.data<"P">) -> i64
  "cf.br"(%0, %1)[^bb1] : (!osp.string, i64) -> ()
^bb1(%s: !osp.string, %n: i64):
  %2 = "rt.cell"(%s, %n) {tag = 0, scan = 1} : (!osp.string, i64) -> !osp.data<"P">
  %3 = "rt.call"(%2) {callee = @osp_list_length} : (!osp.data<"P">) -> i64
  %4 = "rt.string"() {value = "again"} : () -> !osp.string
  "cf.br"(%4, %3)[^bb1] : (!osp.string, i64) -> ()
}) {function_type = (!osp.data<"P">) -> (), exported = true, sym_name = "forever"} : () -> ()

// -----

// Cells that die in front of a merge leave their memory to what is made behind it; a way without one has none.
// CHECK-LABEL: "builtin.module"
// CHECK: [[A:%.*]] = "rt.drop_reuse"(%arg0, %{{[0-9]+}})
// CHECK-NEXT: "cf.br"({{.*}}, [[A]])[^bb3]
// CHECK: [[B:%.*]] = "rt.null"() {words = 2 : i64} : () -> !rt.token
// CHECK-NEXT: "cf.br"({{.*}}, [[B]])[^bb3]
// CHECK: ^bb3({{.*}}, [[TOKEN:%[0-9]+]]: !rt.token):
// CHECK-NEXT: "rt.cell_reuse"([[TOKEN]],
"func.func"() ({
^bb0(%p: !osp.data<"P">, %c: i1):
  "cf.cond_br"(%c)[^bb1, ^bb2] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^bb1:
  %0 = "rt.slot"(%p) {index = 0, words = 2, scan = 1} : (!osp.data<"P">) -> !osp.string
  %1 = "rt.slot"(%p) {index = 1, words = 2, scan = 1} : (!osp.data<"P">) -> i64
  "cf.br"(%0, %1)[^bb3] : (!osp.string, i64) -> ()
^bb2:
  %2 = "rt.string"() {value = "none"} : () -> !osp.string
  %3 = "arith.constant"() {value = 1} : () -> i64
  "cf.br"(%2, %3)[^bb3] : (!osp.string, i64) -> ()
^bb3(%s: !osp.string, %n: i64):
  %4 = "rt.cell"(%s, %n) {tag = 0, scan = 1} : (!osp.string, i64) -> !osp.data<"P">
  "func.return"(%4) : (!osp.data<"P">) -> ()
}) {function_type = (!osp.data<"P">, i1) -> !osp.data<"P">, sym_name = "merge"} : () -> ()
