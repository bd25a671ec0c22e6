// RUN: ospjit opt %s --pass-pipeline=lower-builtins --split-input-file | filecheck %s

// A built-in with a C symbol is a call of it; one that can fail makes a Result of the message.
// CHECK-LABEL: "builtin.module"
// CHECK: [[T:%.*]] = "rt.call"(%arg0) {callee = @osp_string_trim} : (!osp.string) -> !osp.string
// CHECK-NEXT: [[P:%.*]]:2 = "rt.call"([[T]]) {callee = @osp_parse_int} : (!osp.string) -> (i64, !osp.string)
// CHECK-NEXT: [[R:%.*]] = "osp.result_from"([[P]]#0, [[P]]#1) : (i64, !osp.string) -> !osp.result<i64, !osp.string>
// CHECK-NEXT: "func.return"([[R]])
"func.func"() ({
^bb0(%s: !osp.string):
  %0 = "osp.builtin"(%s) {name = "trim", overload = 0 : i64} : (!osp.string) -> !osp.string
  %1 = "osp.builtin"(%0) {name = "parseInt", overload = 0 : i64} : (!osp.string) -> !osp.result<i64, !osp.string>
  "func.return"(%1) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "f", function_type = (!osp.string) -> !osp.result<i64, !osp.string>} : () -> ()

// -----

// Printing renders: a number by the runtime, a record by a function made for its type, once.
// CHECK-LABEL: "builtin.module"
// CHECK: [[N:%.*]] = "rt.call"(%arg0) {callee = @osp_int_to_string} : (i64) -> !osp.string
// CHECK-NEXT: "rt.call"([[N]]) {callee = @osp_print}
// CHECK: [[P:%.*]] = "osp.call"(%arg1) {callee = @"show<!osp.data<\22Point\22>>"}
// CHECK-NEXT: "rt.call"([[P]]) {callee = @osp_print}
// CHECK: "osp.call"(%arg1) {callee = @"show<!osp.data<\22Point\22>>"}
// CHECK: "osp.match"(%arg0)
// CHECK: "rt.call"({{.*}}) {callee = @osp_string_quote}
// CHECK: "osp.string"() {value = "Point { x: "}
// CHECK: sym_name = "show<!osp.data<\22Point\22>>"
// CHECK-NOT: sym_name = "show<
"osp.data"() {sym_name = "Point", title = "Point", params = [], record = true, positional = [false], variants = ["Point"],
  fields = [["x", "name"]], types = [[i64, !osp.string]]} : () -> ()
"func.func"() ({
^bb0(%n: i64, %p: !osp.data<"Point">):
  %0 = "osp.builtin"(%n) {name = "print", overload = 0 : i64} : (i64) -> !osp.unit
  %1 = "osp.builtin"(%p) {name = "print", overload = 0 : i64} : (!osp.data<"Point">) -> !osp.unit
  %2 = "osp.to_string"(%p) : (!osp.data<"Point">) -> !osp.string
  "func.return"(%2) : (!osp.string) -> ()
}) {sym_name = "f", function_type = (i64, !osp.data<"Point">) -> !osp.string} : () -> ()

// -----

// Literals that meet in a concatenation are joined; of two parts there is a call, of more an operation. With `+`,
// what does not begin with a literal may be a string that is being built, and grows in place.
// CHECK-LABEL: "builtin.module"
// CHECK: "osp.string"() {value = "ab"}
// CHECK: "rt.concat"({{%.*}}, %arg0, {{%.*}}) {callee = @osp_string_concat_n}
// CHECK: "rt.call"(%arg0, %arg0) {callee = @osp_string_append}
// CHECK: [[REST:%.*]] = "rt.call"(%arg0, %arg0) {callee = @osp_string_concat}
// CHECK: "rt.call"(%arg0, [[REST]]) {callee = @osp_string_append}
"func.func"() ({
^bb0(%s: !osp.string):
  %a = "osp.string"() {value = "a"} : () -> !osp.string
  %b = "osp.string"() {value = "b"} : () -> !osp.string
  %e = "osp.string"() {value = ""} : () -> !osp.string
  %0 = "osp.concat"(%a, %b, %e, %s, %b) : (!osp.string, !osp.string, !osp.string, !osp.string, !osp.string) -> !osp.string
  %1 = "osp.add"(%s, %s) : (!osp.string, !osp.string) -> !osp.string
  %2 = "osp.add"(%s, %s) : (!osp.string, !osp.string) -> !osp.string
  %3 = "osp.add"(%2, %s) : (!osp.string, !osp.string) -> !osp.string
  "func.return"(%0, %1, %3) : (!osp.string, !osp.string, !osp.string) -> ()
}) {sym_name = "f", function_type = (!osp.string) -> (!osp.string, !osp.string, !osp.string)} : () -> ()

// -----

// Comparisons: of numbers an instruction, of mixed ones after promotion, of strings a call, of variants a function.
// CHECK-LABEL: "builtin.module"
// CHECK: "arith.cmpi"(%arg0, %arg0) {predicate = 2 : i64}
// CHECK: [[F:%.*]] = "arith.sitofp"(%arg0)
// CHECK-NEXT: "arith.cmpf"([[F]], %arg1) {predicate = 3 : i64}
// CHECK: "rt.call"(%arg2, %arg2) {callee = @osp_string_equal}
// CHECK: [[C:%.*]] = "rt.call"(%arg2, %arg2) {callee = @osp_string_compare}
// CHECK: "arith.cmpi"([[C]], {{.*}}) {predicate = 4 : i64}
// CHECK: [[E:%.*]] = "osp.call"(%arg3, %arg3) {callee = @"equal<!osp.data<\22Tree\22>>"}
// CHECK: "arith.xori"([[E]],
// CHECK: "osp.call"({{.*}}) {callee = @"equal<!osp.data<\22Tree\22>>"}
// CHECK: sym_name = "equal<!osp.data<\22Tree\22>>"
// CHECK-NOT: "osp.eq"
// CHECK-NOT: "osp.ne"
"osp.data"() {sym_name = "Tree", title = "Tree", params = [], record = false, positional = [false, true],
  variants = ["Leaf", "Node"], fields = [[], ["l", "r"]], types = [[], [!osp.data<"Tree">, !osp.data<"Tree">]]} : () -> ()
"func.func"() ({
^bb0(%n: i64, %x: f64, %s: !osp.string, %t: !osp.data<"Tree">):
  %0 = "osp.lt"(%n, %n) : (i64, i64) -> i1
  %1 = "osp.ge"(%n, %x) : (i64, f64) -> i1
  %2 = "osp.eq"(%s, %s) : (!osp.string, !osp.string) -> i1
  %3 = "osp.gt"(%s, %s) : (!osp.string, !osp.string) -> i1
  %4 = "osp.ne"(%t, %t) : (!osp.data<"Tree">, !osp.data<"Tree">) -> i1
  "func.return"(%0, %1, %2, %3, %4) : (i1, i1, i1, i1, i1) -> ()
}) {sym_name = "f", function_type = (i64, f64, !osp.string, !osp.data<"Tree">) -> (i1, i1, i1, i1, i1)} : () -> ()

// -----

// An update rebuilds the record from its other fields.
// CHECK-LABEL: "builtin.module"
// CHECK: [[X:%.*]] = "osp.get_field"(%arg0) {field = "x"}
// CHECK-NEXT: [[R:%.*]] = "osp.construct"([[X]], %arg1) {variant = "Point"}
// CHECK-NEXT: "func.return"([[R]])
"osp.data"() {sym_name = "Point", title = "Point", params = [], record = true, positional = [false], variants = ["Point"],
  fields = [["x", "y"]], types = [[i64, i64]]} : () -> ()
"func.func"() ({
^bb0(%p: !osp.data<"Point">, %n: i64):
  %0 = "osp.update"(%p, %n) {fields = ["y"]} : (!osp.data<"Point">, i64) -> !osp.data<"Point">
  "func.return"(%0) : (!osp.data<"Point">) -> ()
}) {sym_name = "f", function_type = (!osp.data<"Point">, i64) -> !osp.data<"Point">} : () -> ()

// -----

// A callback over a list is a function that calls itself with the next index, made once for a pair of types; elements
// that are no word, such as Results, go through boxes.
// CHECK-LABEL: "builtin.module"
// CHECK: "osp.call"(%arg0, {{.*}}) {callee = @"map<[[TYPES:.*]]>"}
// CHECK: "rt.call"({{.*}}) {callee = @osp_list_get_unchecked}
// CHECK: [[R:%.*]] = "osp.call_closure"
// CHECK-NEXT: [[BOX:%.*]] = "osp.box"([[R]])
// CHECK-NEXT: "rt.call"({{.*}}, [[BOX]]) {callee = @osp_list_append}
// CHECK: "osp.call"({{.*}}) {callee = @"map<[[TYPES]]>"}
// CHECK: sym_name = "map<[[TYPES]]>"
"func.func"() ({
^bb0(%xs: !osp.list<i64>, %f: !osp.fn<!osp.result<i64, !osp.string>, i64>):
  %0 = "osp.builtin"(%xs, %f) {name = "mapList", overload = 0 : i64} : (!osp.list<i64>, !osp.fn<!osp.result<i64, !osp.string>, i64>) -> !osp.list<!osp.result<i64, !osp.string>>
  "func.return"(%0) : (!osp.list<!osp.result<i64, !osp.string>>) -> ()
}) {sym_name = "f", function_type = (!osp.list<i64>, !osp.fn<!osp.result<i64, !osp.string>, i64>) -> !osp.list<!osp.result<i64, !osp.string>>} : () -> ()

// -----

// A sum that something else reads, or that stands to the right, is made by itself.
// CHECK-LABEL: "builtin.module"
// CHECK: [[A:%.*]] = "rt.call"(%arg0, %arg1) {callee = @osp_string_append}
// CHECK-NEXT: [[B:%.*]] = "rt.call"(%arg1, [[A]]) {callee = @osp_string_append}
// CHECK-NEXT: [[C:%.*]] = "rt.call"([[A]], %arg0) {callee = @osp_string_append}
// CHECK-NEXT: "func.return"([[B]], [[C]])
"func.func"() ({
^bb0(%s: !osp.string, %t: !osp.string):
  %0 = "osp.add"(%s, %t) : (!osp.string, !osp.string) -> !osp.string
  %1 = "osp.add"(%t, %0) : (!osp.string, !osp.string) -> !osp.string
  %2 = "osp.add"(%0, %s) : (!osp.string, !osp.string) -> !osp.string
  "func.return"(%1, %2) : (!osp.string, !osp.string) -> ()
}) {sym_name = "f", function_type = (!osp.string, !osp.string) -> (!osp.string, !osp.string)} : () -> ()
