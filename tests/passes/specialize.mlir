// RUN: ospjit opt %s --pass-pipeline=specialize --split-input-file | filecheck %s

// One copy for each instantiation, however often it is used; the generic function and what nobody calls go.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: osp.var
// CHECK: ^bb0(%arg0: i64):
// CHECK-NEXT: "func.return"(%arg0) : (i64) -> ()
// CHECK-NEXT: function_type = (i64) -> i64, sym_name = "id<i64>"
// CHECK-NOT: sym_name = "id<i64>
// CHECK: sym_name = "id<!osp.string>"
// CHECK-NOT: sym_name = "id
// CHECK-NOT: sym_name = "dead"
// CHECK: "osp.call"(%arg0) {callee = @"id<i64>"} : (i64) -> i64
// CHECK: "osp.call"(%arg1) {callee = @"id<!osp.string>"} : (!osp.string) -> !osp.string
// CHECK: "osp.call"({{.*}}) {callee = @"id<i64>"} : (i64) -> i64
// CHECK-NOT: sym_name = "dead"
"func.func"() ({
^bb0(%x: !osp.var<"T">):
  "func.return"(%x) : (!osp.var<"T">) -> ()
}) {sym_name = "id", title = "id", tparams = ["T"], function_type = (!osp.var<"T">) -> !osp.var<"T">} : () -> ()
"func.func"() ({
^bb0(%x: i64):
  %0 = "osp.call"(%x) {callee = @id, targs = [f64]} : (i64) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "dead", function_type = (i64) -> i64} : () -> ()
"func.func"() ({
^bb0(%x: i64, %s: !osp.string):
  %0 = "osp.call"(%x) {callee = @id, targs = [i64]} : (i64) -> i64
  %1 = "osp.call"(%s) {callee = @id, targs = [!osp.string]} : (!osp.string) -> !osp.string
  %2 = "osp.call"(%0) {callee = @id, targs = [i64]} : (i64) -> i64
  "func.return"(%2) : (i64) -> ()
}) {sym_name = "osp.entry", function_type = (i64, !osp.string) -> i64} : () -> ()

// -----

// Variables are replaced wherever a type stands: in block arguments, inside other types, in attributes, in the
// instantiations that a generic function asks for itself. Recursion at the same types comes back to one copy.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: osp.var
// CHECK: "osp.match"
// CHECK-NEXT: ^bb{{.*}}(%{{.*}}: !osp.list<f64>):
// CHECK: "osp.call"({{.*}}) {callee = @"first<!osp.list<f64>>"}
// CHECK: sym_name = "first<!osp.list<f64>>"
// CHECK: "osp.func_ref"() {callee = @"first<!osp.list<f64>>"} : () -> !osp.fn<!osp.list<f64>, !osp.result<!osp.list<f64>, !osp.string>>
// CHECK: "osp.builtin"({{.*}}) {name = "print", overload = 0 : i64, targs = [f64]} : (f64) -> !osp.unit
// CHECK: sym_name = "outer<f64>"
// CHECK-NOT: osp.var
"func.func"() ({
^bb0(%x: !osp.result<!osp.var<"T">, !osp.string>):
  %0 = "osp.match"(%x) ({
  ^a(%v: !osp.var<"T">):
    "osp.yield"(%v) : (!osp.var<"T">) -> ()
  }, {
    %r = "osp.call"(%x) {callee = @first, targs = [!osp.var<"T">]} : (!osp.result<!osp.var<"T">, !osp.string>) -> !osp.var<"T">
    "osp.yield"(%r) : (!osp.var<"T">) -> ()
  }) {guards = [false, false], patterns = [["con", "Success", ["bind"]], ["wild"]]} : (!osp.result<!osp.var<"T">, !osp.string>) -> !osp.var<"T">
  "func.return"(%0) : (!osp.var<"T">) -> ()
}) {sym_name = "first", tparams = ["T"], function_type = (!osp.result<!osp.var<"T">, !osp.string>) -> !osp.var<"T">} : () -> ()
"func.func"() ({
^bb0(%x: !osp.var<"A">):
  %0 = "osp.func_ref"() {callee = @first, targs = [!osp.list<!osp.var<"A">>]} : () -> !osp.fn<!osp.list<!osp.var<"A">>, !osp.result<!osp.list<!osp.var<"A">>, !osp.string>>
  %1 = "osp.builtin"(%x) {name = "print", overload = 0 : i64, targs = [!osp.var<"A">]} : (!osp.var<"A">) -> !osp.unit
  "func.return"(%x) : (!osp.var<"A">) -> ()
}) {sym_name = "outer", tparams = ["A"], function_type = (!osp.var<"A">) -> !osp.var<"A">} : () -> ()
"func.func"() ({
^bb0(%x: f64):
  %0 = "osp.call"(%x) {callee = @outer, targs = [f64]} : (f64) -> f64
  "func.return"(%0) : (f64) -> ()
}) {sym_name = "osp.entry", function_type = (f64) -> f64} : () -> ()

// -----

// Exported functions stay although nobody in the module calls them; their callees do, too.
// CHECK-LABEL: "builtin.module"
// CHECK-DAG: sym_name = "callee"
// CHECK-DAG: exported, function_type = () -> i64, sym_name = "open"
// CHECK-NOT: sym_name = "closed"
"func.func"() ({
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "closed", function_type = () -> i64} : () -> ()
"func.func"() ({
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "callee", function_type = () -> i64} : () -> ()
"func.func"() ({
  %0 = "osp.call"() {callee = @callee} : () -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "open", exported, function_type = () -> i64} : () -> ()

// -----

// What an operation makes of a variable is known only when the variable is: an error of any type is made from a
// string, and here it is one.
// CHECK-LABEL: "builtin.module"
// CHECK: "osp.error"(%arg0) : (!osp.string) -> !osp.result<i64, !osp.string>
// CHECK: sym_name = "fail<!osp.string>"
"func.func"() ({
^bb0(%s: !osp.string):
  %0 = "osp.error"(%s) : (!osp.string) -> !osp.result<i64, !osp.var<"E">>
  "func.return"(%0) : (!osp.result<i64, !osp.var<"E">>) -> ()
}) {sym_name = "fail", title = "fail", tparams = ["E"], function_type = (!osp.string) -> !osp.result<i64, !osp.var<"E">>} : () -> ()
"func.func"() ({
^bb0(%s: !osp.string):
  %0 = "osp.call"(%s) {callee = @fail, targs = [!osp.string]} : (!osp.string) -> !osp.result<i64, !osp.string>
  "func.return"(%0) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "osp.entry", function_type = (!osp.string) -> !osp.result<i64, !osp.string>} : () -> ()
