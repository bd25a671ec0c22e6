// RUN: ospjit opt %s --pass-pipeline=perceus --split-input-file | filecheck %s

// A function that only reads its argument, and lends what is in it to itself, needs no counts; its caller drops.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "rt.d
// CHECK: borrowed = [0 : i64], function_type = (!osp.data<"T">) -> i64, sym_name = "size"
// CHECK: "func.call"(%arg0)
// CHECK-NEXT: "rt.drop"(%arg0)
"func.func"() ({
^bb0(%t: !osp.data<"T">):
  %0 = "rt.slot"(%t) {index = 0, words = 2, scan = 2} : (!osp.data<"T">) -> !osp.data<"T">
  %1 = "func.call"(%0) {callee = @size} : (!osp.data<"T">) -> i64
  %2 = "rt.slot"(%t) {index = 1, words = 2, scan = 2} : (!osp.data<"T">) -> !osp.data<"T">
  %3 = "func.call"(%2) {callee = @size} : (!osp.data<"T">) -> i64
  %4 = "arith.addi"(%1, %3) : (i64, i64) -> i64
  "func.return"(%4) : (i64) -> ()
}) {function_type = (!osp.data<"T">) -> i64, sym_name = "size"} : () -> ()
"func.func"() ({
^bb0(%t: !osp.data<"T">):
  %0 = "func.call"(%t) {callee = @size} : (!osp.data<"T">) -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = (!osp.data<"T">) -> i64, exported = true, sym_name = "measure"} : () -> ()

// -----

// Parameters that are stored, returned or taken over by a runtime function are owned; so are those of functions
// that function values point to.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: borrowed
"func.func"() ({
^bb0(%s: !osp.string, %r: !osp.string, %l: !osp.list<i64>):
  %0 = "arith.constant"() {value = 1} : () -> i64
  %1 = "rt.call"(%l, %0) {callee = @osp_list_append} : (!osp.list<i64>, i64) -> !osp.list<i64>
  %2 = "rt.cell"(%s, %1) {tag = 0, scan = 2} : (!osp.string, !osp.list<i64>) -> !osp.data<"P">
  "func.return"(%r, %2) : (!osp.string, !osp.data<"P">) -> ()
}) {function_type = (!osp.string, !osp.string, !osp.list<i64>) -> (!osp.string, !osp.data<"P">), sym_name = "keep"} : () -> ()
"func.func"() ({
^bb0(%f: !osp.fn<i64, !osp.string>, %s: !osp.string):
  %0 = "rt.call"(%s, %s) {callee = @osp_string_compare} : (!osp.string, !osp.string) -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = (!osp.fn<i64, !osp.string>, !osp.string) -> i64, sym_name = "adapter"} : () -> ()
"func.func"() ({
  %0 = "rt.closure"() {callee = @adapter, scan = 0} : () -> !osp.fn<i64, !osp.string>
  "func.return"(%0) : (!osp.fn<i64, !osp.string>) -> ()
}) {function_type = () -> !osp.fn<i64, !osp.string>, sym_name = "value"} : () -> ()

// -----

// What a call takes over is taken out of its cell, so that the callee may be the only owner: the cell is owned.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.drop_cell"(%arg0, %0) {
// CHECK: "rt.call"(%0, %1) {callee = @osp_list_append}
// CHECK-NOT: borrowed
"func.func"() ({
^bb0(%c: !osp.data<"C">):
  %0 = "rt.slot"(%c) {index = 0, words = 1, scan = 1} : (!osp.data<"C">) -> !osp.list<i64>
  %1 = "arith.constant"() {value = 1} : () -> i64
  %2 = "rt.call"(%0, %1) {callee = @osp_list_append} : (!osp.list<i64>, i64) -> !osp.list<i64>
  "func.return"(%2) : (!osp.list<i64>) -> ()
}) {function_type = (!osp.data<"C">) -> !osp.list<i64>, sym_name = "push"} : () -> ()

// -----

// The tail call of a loop stays one: what it makes for the next round is owned there. What is the caller's from
// further out stays borrowed.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.call"(%arg0, %arg1) {callee = @osp_string_concat}
// CHECK-NEXT: "rt.drop"(%arg0)
// CHECK-NEXT: "func.call"({{.*}}) {callee = @loop, tail}
// CHECK-NEXT: "func.return"
// CHECK: borrowed = [1 : i64]
"func.func"() ({
^bb0(%s: !osp.string, %t: !osp.string):
  %0 = "rt.call"(%s, %t) {callee = @osp_string_concat} : (!osp.string, !osp.string) -> !osp.string
  %1 = "func.call"(%0, %t) {callee = @loop, tail} : (!osp.string, !osp.string) -> i64
  "func.return"(%1) : (i64) -> ()
}) {function_type = (!osp.string, !osp.string) -> i64, sym_name = "loop"} : () -> ()

// -----

// A tail call out of a loop gives way to a drop after it.
// CHECK-LABEL: "builtin.module"
// CHECK: sym_name = "look"
// CHECK: [[S:%.*]] = "rt.call"
// CHECK-NEXT: [[N:%.*]] = "func.call"([[S]]) {callee = @look}
// CHECK-NEXT: "rt.drop"([[S]])
// CHECK-NEXT: "func.return"([[N]])
"func.func"() ({
^bb0(%s: !osp.string):
  %0 = "rt.call"(%s, %s) {callee = @osp_string_compare} : (!osp.string, !osp.string) -> i64
  "func.return"(%0) : (i64) -> ()
}) {function_type = (!osp.string) -> i64, sym_name = "look"} : () -> ()
"func.func"() ({
^bb0(%t: !osp.string):
  %0 = "rt.call"(%t, %t) {callee = @osp_string_concat} : (!osp.string, !osp.string) -> !osp.string
  %1 = "func.call"(%0) {callee = @look, tail} : (!osp.string) -> i64
  "func.return"(%1) : (i64) -> ()
}) {function_type = (!osp.string) -> i64, sym_name = "outside"} : () -> ()
