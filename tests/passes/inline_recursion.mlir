// RUN: ospjit opt %s --pass-pipeline='inline-recursion{most=2}' --split-input-file | filecheck %s
// RUN: ospjit opt %s --pass-pipeline='inline-recursion{size=16}' --split-input-file | filecheck %s --check-prefix=SMALL

// A function may grow to so many operations: a level of this one adds two copies, of four each.
// SMALL: sym_name = "fib{{.}}level1"
// SMALL-NOT: level2

// Each level calls the next, the last the function itself; a tail call that is no loop stays one.
// CHECK-LABEL: "builtin.module"
// CHECK: @fib{{.}}level1} : (i64) -> i64
// CHECK: @fib{{.}}level1} : (i64) -> i64
// CHECK: {callee = @fib, tail} : (i64) -> i64
// CHECK: sym_name = "fib"}
// CHECK: {callee = @fib{{.}}level2} : (i64) -> i64
// CHECK: {callee = @fib{{.}}level2} : (i64) -> i64
// CHECK: {callee = @fib, tail} : (i64) -> i64
// CHECK: inlined, sym_name = "fib{{.}}level1"}
// CHECK: {callee = @fib} : (i64) -> i64
// CHECK: {callee = @fib} : (i64) -> i64
// CHECK: {callee = @fib, tail} : (i64) -> i64
// CHECK: inlined, sym_name = "fib{{.}}level2"}
"func.func"() ({
^bb0(%n: i64):
  %a = "func.call"(%n) {callee = @fib} : (i64) -> i64
  %b = "func.call"(%a) {callee = @fib} : (i64) -> i64
  %c = "func.call"(%b) {callee = @fib, tail} : (i64) -> i64
  "func.return"(%c) : (i64) -> ()
}) {sym_name = "fib", function_type = (i64) -> i64} : () -> ()

// -----

// What only calls itself in tail position has no levels.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: level
"func.func"() ({
^bb0(%n: i64):
  %a = "func.call"(%n) {callee = @loop, tail} : (i64) -> i64
  "func.return"(%a) : (i64) -> ()
}) {sym_name = "loop", function_type = (i64) -> i64} : () -> ()
