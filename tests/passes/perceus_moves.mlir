// RUN: ospjit opt %s --pass-pipeline=perceus{reuse=false} --split-input-file | filecheck %s

// What is read out of a dying cell moves out of it.
// CHECK-LABEL: "builtin.module"
// CHECK: [[HEAD:%.*]] = "rt.slot"(%arg0) {index = 0
// CHECK-NEXT: "rt.drop_cell"(%arg0, [[HEAD]]) {scan = 2 : i64, slots = [0 : i64], words = 3 : i64}
// CHECK-NEXT: "func.return"([[HEAD]])
"func.func"() ({
^bb0(%c: !osp.data<"C">):
  %0 = "rt.slot"(%c) {index = 0, words = 3, scan = 2} : (!osp.data<"C">) -> !osp.string
  "func.return"(%0) : (!osp.string) -> ()
}) {function_type = (!osp.data<"C">) -> !osp.string, exported = true, sym_name = "head"} : () -> ()

// -----

// As long as the cell is held, reading out of it costs nothing; a cell that is only read is kept to the end.
// CHECK-LABEL: "builtin.module"
// CHECK: [[A:%.*]] = "rt.slot"(%arg0) {index = 0
// CHECK-NEXT: [[B:%.*]] = "rt.slot"(%arg0) {index = 1
// CHECK-NEXT: [[N:%.*]] = "rt.call"([[A]], [[B]])
// CHECK-NEXT: "rt.drop"(%arg0)
// CHECK-NEXT: "func.return"([[N]])
"func.func"() ({
^bb0(%c: !osp.data<"C">):
  %0 = "rt.slot"(%c) {index = 0, words = 3, scan = 2} : (!osp.data<"C">) -> !osp.string
  %1 = "rt.slot"(%c) {index = 1, words = 3, scan = 2} : (!osp.data<"C">) -> !osp.string
  %2 = "rt.call"(%0, %1) {callee = @osp_string_compare} : (!osp.string, !osp.string) -> i64
  "func.return"(%2) : (i64) -> ()
}) {function_type = (!osp.data<"C">) -> i64, exported = true, sym_name = "compare"} : () -> ()

// -----

// A dead cell between the dying one and what lives on moves out too, and gives up its contents in turn.
// CHECK-LABEL: "builtin.module"
// CHECK: [[INNER:%.*]] = "rt.slot"(%arg0) {index = 1
// CHECK-NEXT: [[S:%.*]] = "rt.slot"([[INNER]]) {index = 0
// CHECK-NEXT: "rt.tag"(%arg0)
// CHECK-NEXT: "rt.drop_cell"(%arg0, [[INNER]]) {{.*}}slots = [1 : i64]
// CHECK-NEXT: "rt.drop_cell"([[INNER]], [[S]]) {{.*}}slots = [0 : i64]
// CHECK-NEXT: "func.return"([[S]],
"func.func"() ({
^bb0(%c: !osp.data<"C">):
  %0 = "rt.slot"(%c) {index = 1, words = 3, scan = 2} : (!osp.data<"C">) -> !osp.data<"D">
  %1 = "rt.slot"(%0) {index = 0, words = 1, scan = 1} : (!osp.data<"D">) -> !osp.string
  %2 = "rt.tag"(%c) : (!osp.data<"C">) -> i64
  "func.return"(%1, %2) : (!osp.string, i64) -> ()
}) {function_type = (!osp.data<"C">) -> (!osp.string, i64), exported = true, sym_name = "inner"} : () -> ()

// -----

// Who gives the cell away keeps what is still needed of it, and so does who lends a part of it to the same call.
// CHECK-LABEL: "builtin.module"
// CHECK: [[S:%.*]] = "rt.slot"(%arg0)
// CHECK-NEXT: "rt.dup"([[S]])
// CHECK-NEXT: [[R:%.*]] = "func.call"(%arg0, [[S]])
// CHECK-NEXT: "rt.drop"([[S]])
// CHECK-NEXT: "func.return"([[R]])
"func.func"() ({
^bb0(%c: !osp.data<"C">, %s: !osp.string):
  %0 = "rt.call"(%s, %s) {callee = @osp_string_compare} : (!osp.string, !osp.string) -> i64
  "func.return"(%c) : (!osp.data<"C">) -> ()
}) {function_type = (!osp.data<"C">, !osp.string) -> !osp.data<"C">, sym_name = "pass"} : () -> ()
"func.func"() ({
^bb0(%c: !osp.data<"C">):
  %0 = "rt.slot"(%c) {index = 0, words = 3, scan = 2} : (!osp.data<"C">) -> !osp.string
  %1 = "func.call"(%c, %0) {callee = @pass} : (!osp.data<"C">, !osp.string) -> !osp.data<"C">
  "func.return"(%1) : (!osp.data<"C">) -> ()
}) {function_type = (!osp.data<"C">) -> !osp.data<"C">, exported = true, sym_name = "caller"} : () -> ()

// -----

// The message of a function that only fails with a literal is not counted in its callers, nor in theirs.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "rt.drop"
// CHECK-NOT: "rt.dup"
// CHECK: static_results = [1 : i64], sym_name = "fails"
// CHECK: static_results = [1 : i64], sym_name = "passes_on"
"func.func"() ({
^bb0(%c: i1):
  %0 = "rt.null"() : () -> !osp.string
  %1 = "rt.string"() {value = "integer overflow"} : () -> !osp.string
  %2 = "arith.select"(%c, %1, %0) : (i1, !osp.string, !osp.string) -> !osp.string
  "func.return"(%c, %2) : (i1, !osp.string) -> ()
}) {function_type = (i1) -> (i1, !osp.string), sym_name = "fails"} : () -> ()
"func.func"() ({
^bb0(%c: i1):
  %0:2 = "func.call"(%c) {callee = @fails} : (i1) -> (i1, !osp.string)
  %1:2 = "func.call"(%0#0) {callee = @fails} : (i1) -> (i1, !osp.string)
  "cf.br"(%1#1)[^bb1] : (!osp.string) -> ()
^bb1(%m: !osp.string):
  "func.return"(%c, %m) : (i1, !osp.string) -> ()
}) {function_type = (i1) -> (i1, !osp.string), sym_name = "passes_on"} : () -> ()
