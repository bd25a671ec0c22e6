// RUN: ospjit opt %s --pass-pipeline=lower-enums --split-input-file | filecheck %s

// A union without fields is a number: making one is a constant, its tag is itself, so is what has a number.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i64, %arg1: i64):
// CHECK-NEXT: [[BLUE:%.*]] = "arith.constant"() {value = 2 : i64} : () -> i64
// CHECK-NEXT: [[SAME:%.*]] = "arith.cmpi"(%arg0, [[BLUE]])
// CHECK-NEXT: "func.return"([[SAME]], %arg1) : (i1, i64) -> ()
// CHECK-NOT: osp.data<"Color">
"osp.data"() {sym_name = "Color", title = "Color", params = [], record = false, positional = [false, false, false],
  variants = ["Red", "Green", "Blue"], fields = [[], [], []], types = [[], [], []]} : () -> ()
"func.func"() ({
^bb0(%c: !osp.data<"Color">, %n: i64):
  %0 = "osp.construct"() {variant = "Blue"} : () -> !osp.data<"Color">
  %1 = "osp.variant_tag"(%c) : (!osp.data<"Color">) -> i64
  %2 = "osp.variant_tag"(%0) : (!osp.data<"Color">) -> i64
  %3 = "arith.cmpi"(%1, %2) {predicate = 0 : i64} : (i64, i64) -> i1
  %4 = "osp.from_tag"(%n) : (i64) -> !osp.data<"Color">
  "func.return"(%3, %4) : (i1, !osp.data<"Color">) -> ()
}) {sym_name = "f", function_type = (!osp.data<"Color">, i64) -> (i1, !osp.data<"Color">)} : () -> ()

// -----

// The number stands wherever the type was named: inside other types, in declarations of types and variables.
// CHECK-LABEL: "builtin.module"
// CHECK: sym_name = "Light", title = "Light", types = {{\[\[}}i64, !osp.list<i64>]]
// CHECK: "osp.global"() {{.*}}type = !osp.fn<i64, i64>
// CHECK: ^bb0(%arg0: !osp.result<i64, !osp.string>, %arg1: !osp.fn<!osp.unit, !osp.map<!osp.string, i64>>):
// CHECK-NOT: osp.data<"Color">
"osp.data"() {sym_name = "Color", title = "Color", params = [], record = false, positional = [false],
  variants = ["Red"], fields = [[]], types = [[]]} : () -> ()
"osp.data"() {sym_name = "Light", title = "Light", params = [], record = true, positional = [false],
  variants = ["Light"], fields = [["color", "all"]], types = [[!osp.data<"Color">, !osp.list<!osp.data<"Color">>]]} : () -> ()
"osp.global"() {sym_name = "next", title = "next", mutable = false, type = !osp.fn<!osp.data<"Color">, !osp.data<"Color">>} : () -> ()
"func.func"() ({
^bb0(%r: !osp.result<!osp.data<"Color">, !osp.string>, %f: !osp.fn<!osp.unit, !osp.map<!osp.string, !osp.data<"Color">>>):
  "func.return"(%r) : (!osp.result<!osp.data<"Color">, !osp.string>) -> ()
}) {sym_name = "f", function_type = (!osp.result<!osp.data<"Color">, !osp.string>, !osp.fn<!osp.unit, !osp.map<!osp.string, !osp.data<"Color">>>) -> !osp.result<!osp.data<"Color">, !osp.string>} : () -> ()

// -----

// A record without fields, and a union of which one variant has a field, stay what they are.
// CHECK-LABEL: "builtin.module"
// CHECK: "osp.construct"() {variant = "Nothing"} : () -> !osp.data<"Nothing">
// CHECK: "osp.construct"() {variant = "None"} : () -> !osp.data<"Maybe">
// CHECK: "arith.constant"() {value = 0 : i64} : () -> i64
"osp.data"() {sym_name = "Nothing", title = "Nothing", params = [], record = true, positional = [false],
  variants = ["Nothing"], fields = [[]], types = [[]]} : () -> ()
"osp.data"() {sym_name = "Maybe", title = "Maybe", params = [], record = false, positional = [false, false],
  variants = ["None", "Some"], fields = [[], ["value"]], types = [[], [i64]]} : () -> ()
"osp.data"() {sym_name = "One", title = "One", params = [], record = false, positional = [false],
  variants = ["One"], fields = [[]], types = [[]]} : () -> ()
"func.func"() ({
  %0 = "osp.construct"() {variant = "Nothing"} : () -> !osp.data<"Nothing">
  %1 = "osp.construct"() {variant = "None"} : () -> !osp.data<"Maybe">
  %2 = "osp.construct"() {variant = "One"} : () -> !osp.data<"One">
  "func.return"(%0, %1, %2) : (!osp.data<"Nothing">, !osp.data<"Maybe">, !osp.data<"One">) -> ()
}) {sym_name = "f", function_type = () -> (!osp.data<"Nothing">, !osp.data<"Maybe">, !osp.data<"One">)} : () -> ()
