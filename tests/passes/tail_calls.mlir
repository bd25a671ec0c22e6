// RUN: ospjit opt %s --pass-pipeline=tail-calls --split-input-file | filecheck %s

// A return that only passes on moves to the call, and the call is marked; the other way returns at once.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb1:
// CHECK-NEXT: [[R:%.*]] = "func.call"(%arg1) {callee = @f, tail} : (i64) -> i64
// CHECK-NEXT: "func.return"([[R]])
// CHECK-NEXT: ^bb2:
// CHECK-NEXT: "func.return"(%arg1)
// CHECK-NOT: "cf.br"
"func.func"() ({
^bb0(%c: i1, %x: i64):
  "cf.cond_br"(%c)[^a, ^b] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^a:
  %r = "func.call"(%x) {callee = @f} : (i64) -> i64
  "cf.br"(%r)[^end] : (i64) -> ()
^b:
  "cf.br"(%x)[^end] : (i64) -> ()
^end(%v: i64):
  "func.return"(%v) : (i64) -> ()
}) {sym_name = "g", function_type = (i1, i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "f", function_type = (i64) -> i64} : () -> ()

// -----

// The return moves through any number of blocks that only pass on.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.call"() {callee = @f, tail} : () -> ()
// CHECK-NEXT: "func.return"()
// CHECK-NOT: ^bb1
"func.func"() ({
  "func.call"() {callee = @f} : () -> ()
  "cf.br"()[^a] : () -> ()
^a:
  "cf.br"()[^b] : () -> ()
^b:
  "cf.br"()[^end] : () -> ()
^end:
  "func.return"() : () -> ()
}) {sym_name = "f", function_type = () -> ()} : () -> ()

// -----

// Calls through function values are tail calls, too; the parts of a Result may come in any number.
// CHECK-LABEL: "builtin.module"
// CHECK: [[R:%.*]]:3 = "rt.call_closure"(%arg0, %arg1) {tail}
// CHECK-NEXT: "func.return"([[R]]#0, [[R]]#1, [[R]]#2)
"func.func"() ({
^bb0(%f: !osp.fn<!osp.result<i64, !osp.string>, i64>, %x: i64):
  %r:3 = "rt.call_closure"(%f, %x) : (!osp.fn<!osp.result<i64, !osp.string>, i64>, i64) -> (i1, i64, !osp.string)
  "func.return"(%r#0, %r#1, %r#2) : (i1, i64, !osp.string) -> ()
}) {sym_name = "g", function_type = (!osp.fn<!osp.result<i64, !osp.string>, i64>, i64) -> (i1, i64, !osp.string)} : () -> ()

// -----

// No tail call: something happens after it, its results are not what is returned, or not in this order.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.call"{{.*}} {callee = @pair} :
// CHECK: "func.call"{{.*}} {callee = @f} :
// CHECK: "func.call"{{.*}} {callee = @f} :
// CHECK: "func.call"{{.*}} {callee = @g, tail} :
"func.func"() ({
^bb0(%x: i64):
  %r:2 = "func.call"(%x) {callee = @pair} : (i64) -> (i64, i64)
  "func.return"(%r#1, %r#0) : (i64, i64) -> ()
}) {sym_name = "pair", function_type = (i64) -> (i64, i64)} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %r = "func.call"(%x) {callee = @f} : (i64) -> i64
  %s = "arith.addi"(%r, %x) : (i64, i64) -> i64
  "func.return"(%s) : (i64) -> ()
}) {sym_name = "f", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %r = "func.call"(%x) {callee = @f} : (i64) -> i64
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "g", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %r = "func.call"(%x) {callee = @g} : (i64) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "h", function_type = (i64) -> i64} : () -> ()

// -----

// A loop is direct; functions that tail calls lead to and fro between are not, nor is what becomes a value.
// CHECK-LABEL: "builtin.module"
// CHECK: direct, function_type = (i64) -> i64, sym_name = "alone"
// CHECK-NOT: direct
// CHECK: sym_name = "ping"
// CHECK-NOT: direct
// CHECK: sym_name = "pong"
// CHECK-NOT: direct
// CHECK: sym_name = "value"
"func.func"() ({
^bb0(%x: i64):
  %r = "func.call"(%x) {callee = @alone} : (i64) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "alone", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %r = "func.call"(%x) {callee = @pong} : (i64) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "ping", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %r = "func.call"(%x) {callee = @ping} : (i64) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "pong", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%env: !osp.fn<i64, i64>, %x: i64):
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "value", function_type = (!osp.fn<i64, i64>, i64) -> i64} : () -> ()
"func.func"() ({
  %f = "rt.closure"() {callee = @value, scan = 0} : () -> !osp.fn<i64, i64>
  "func.return"(%f) : (!osp.fn<i64, i64>) -> ()
}) {sym_name = "maker", function_type = () -> !osp.fn<i64, i64>} : () -> ()
