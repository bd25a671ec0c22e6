// RUN: ospjit opt %s --pass-pipeline=lower-data --split-input-file | filecheck %s

// A record is a cell whose counted fields come first, ordered by name within: `a` and `name` before `b` and `n`.
// Fields are found in the same places. Declarations are gone.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "osp.data"
// CHECK: [[CELL:%.*]] = "rt.cell"(%arg2, %arg1, %arg3, %arg0) {scan = 2 : i64, tag = 0 : i64}
// CHECK-DAG: "rt.slot"([[CELL]]) {index = 3 : i64{{.*}}} : (!osp.data<"R">) -> i64
// CHECK-DAG: "rt.slot"([[CELL]]) {index = 1 : i64{{.*}}} : (!osp.data<"R">) -> !osp.string
"osp.data"() {sym_name = "R", title = "R", params = [], record = true, positional = [false], variants = ["R"],
  fields = [["n", "name", "a", "b"]], types = [[i64, !osp.string, !osp.list<i64>, f64]]} : () -> ()
"func.func"() ({
^bb0(%n: i64, %name: !osp.string, %a: !osp.list<i64>, %b: f64):
  %0 = "osp.construct"(%n, %name, %a, %b) {variant = "R"} : (i64, !osp.string, !osp.list<i64>, f64) -> !osp.data<"R">
  %1 = "osp.get_field"(%0) {field = "n"} : (!osp.data<"R">) -> i64
  %2 = "osp.get_field"(%0) {field = "name"} : (!osp.data<"R">) -> !osp.string
  "func.return"(%1, %2) : (i64, !osp.string) -> ()
}) {sym_name = "f", function_type = (i64, !osp.string, !osp.list<i64>, f64) -> (i64, !osp.string)} : () -> ()

// -----

// A declared record and a structural one with the same fields, in whatever order, have one layout.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.cell"(%arg0, %arg1) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i64) -> !osp.data<"R">
// CHECK: "rt.cell"(%arg0, %arg1) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i64) -> !osp.rec
// CHECK: "rt.cast"({{.*}}) : (!osp.data<"R">) -> !osp.rec<"n", i64, "name", !osp.string>
// CHECK: "rt.slot"({{.*}}) {index = 1 : i64{{.*}}} : (!osp.rec<"n", i64, "name", !osp.string>) -> i64
"osp.data"() {sym_name = "R", title = "R", params = [], record = true, positional = [false], variants = ["R"],
  fields = [["name", "n"]], types = [[!osp.string, i64]]} : () -> ()
"func.func"() ({
^bb0(%name: !osp.string, %n: i64):
  %0 = "osp.construct"(%name, %n) {variant = "R"} : (!osp.string, i64) -> !osp.data<"R">
  %1 = "osp.construct"(%n, %name) {variant = ""} : (i64, !osp.string) -> !osp.rec<"n", i64, "name", !osp.string>
  %2 = "osp.coerce"(%0) : (!osp.data<"R">) -> !osp.rec<"n", i64, "name", !osp.string>
  %3 = "osp.get_field"(%2) {field = "n"} : (!osp.rec<"n", i64, "name", !osp.string>) -> i64
  "func.return"(%3, %1) : (i64, !osp.rec<"n", i64, "name", !osp.string>) -> ()
}) {sym_name = "f", function_type = (!osp.string, i64) -> (i64, !osp.rec<"n", i64, "name", !osp.string>)} : () -> ()

// -----

// A variant is a cell with its number as tag; one without fields is static; its tag is in the header. Types of
// fields are those of the instantiation, which decides what is counted.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.tag"(%arg0) : (!osp.data<"Maybe", i64>) -> i64
// CHECK: "rt.static_cell"() {tag = 0 : i64} : () -> !osp.data<"Maybe", i64>
// CHECK: "rt.cell"(%arg1) {scan = 0 : i64, tag = 1 : i64} : (i64) -> !osp.data<"Maybe", i64>
// CHECK: "rt.cell"(%arg2) {scan = 1 : i64, tag = 1 : i64} : (!osp.string) -> !osp.data<"Maybe", !osp.string>
// CHECK: "rt.slot"(%arg0) {index = 0 : i64{{.*}}} : (!osp.data<"Maybe", i64>) -> i64
"osp.data"() {sym_name = "Maybe", title = "Maybe", params = ["T"], record = false, positional = [false, true],
  variants = ["None", "Some"], fields = [[], ["value"]], types = [[], [!osp.var<"T">]]} : () -> ()
"func.func"() ({
^bb0(%m: !osp.data<"Maybe", i64>, %n: i64, %s: !osp.string):
  %0 = "osp.variant_tag"(%m) : (!osp.data<"Maybe", i64>) -> i64
  %1 = "osp.construct"() {variant = "None"} : () -> !osp.data<"Maybe", i64>
  %2 = "osp.construct"(%n) {variant = "Some"} : (i64) -> !osp.data<"Maybe", i64>
  %3 = "osp.construct"(%s) {variant = "Some"} : (!osp.string) -> !osp.data<"Maybe", !osp.string>
  %4 = "osp.variant_field"(%m) {index = 0 : i64, variant = "Some"} : (!osp.data<"Maybe", i64>) -> i64
  "func.return"(%0, %4) : (i64, i64) -> ()
}) {sym_name = "f", function_type = (!osp.data<"Maybe", i64>, i64, !osp.string) -> (i64, i64)} : () -> ()

// -----

// A Result in a field lies in the cell as its parts; it has no cell of its own.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.cell"(%arg2, %arg0, %arg1) {scan = 1 : i64, tag = 0 : i64} : (!osp.string, i1, i64)
// CHECK-NOT: "rt.cell"
// CHECK-DAG: "rt.slot"({{.*}}) {index = 1 : i64{{.*}}} : (!osp.data<"R">) -> i1
// CHECK-DAG: "rt.slot"({{.*}}) {index = 2 : i64{{.*}}} : (!osp.data<"R">) -> i64
// CHECK-DAG: "rt.slot"({{.*}}) {index = 0 : i64{{.*}}} : (!osp.data<"R">) -> !osp.string
// CHECK: sym_name = "f"
"osp.data"() {sym_name = "R", title = "R", params = [], record = true, positional = [false], variants = ["R"],
  fields = [["r"]], types = [[!osp.result<i64, !osp.string>]]} : () -> ()
"func.func"() ({
^bb0(%e: i1, %v: i64, %m: !osp.string):
  %0 = "osp.construct"(%e, %v, %m) {variant = "R"} : (i1, i64, !osp.string) -> !osp.data<"R">
  %1:3 = "osp.get_field"(%0) {field = "r"} : (!osp.data<"R">) -> (i1, i64, !osp.string)
  "func.return"(%1#0, %1#1, %1#2) : (i1, i64, !osp.string) -> ()
}) {sym_name = "f", function_type = (i1, i64, !osp.string) -> (i1, i64, !osp.string)} : () -> ()

// -----

// A function value is a cell with an adapter's address and the captures, counted ones first; the adapter loads them
// from behind the address and calls. One adapter serves every function value of a function; none without captures
// allocates.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.closure"(%arg1, %arg0) {callee = @add$closure, scan = 1 : i64} : (!osp.string, i64) -> !osp.fn<i64, i64>
// CHECK: "rt.closure"(%arg1, %arg0) {callee = @add$closure, scan = 1 : i64}
// CHECK: "rt.closure"() {callee = @one$closure, scan = 0 : i64} : () -> !osp.fn<i64>
// CHECK: "rt.call_closure"({{.*}}, %arg0) : (!osp.fn<i64, i64>, i64) -> i64
// CHECK: ^bb0([[SELF:%.*]]: !osp.fn<i64, i64>, [[X:%.*]]: i64):
// CHECK-DAG: [[S:%.*]] = "rt.slot"([[SELF]]) {index = 1 : i64{{.*}}} : (!osp.fn<i64, i64>) -> !osp.string
// CHECK-DAG: [[N:%.*]] = "rt.slot"([[SELF]]) {index = 2 : i64{{.*}}} : (!osp.fn<i64, i64>) -> i64
// CHECK: [[R:%.*]] = "func.call"([[N]], [[S]], [[X]]) {callee = @add}
// CHECK-NEXT: "func.return"([[R]])
// CHECK: sym_name = "add$closure"
// CHECK-NOT: sym_name = "add$closure"
"func.func"() ({
^bb0(%n: i64, %s: !osp.string, %x: i64):
  "func.return"(%n) : (i64) -> ()
}) {sym_name = "add", title = "add", function_type = (i64, !osp.string, i64) -> i64} : () -> ()
"func.func"() ({
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "one", title = "one", function_type = () -> i64} : () -> ()
"func.func"() ({
^bb0(%n: i64, %s: !osp.string):
  %0 = "osp.func_ref"(%n, %s) {callee = @add} : (i64, !osp.string) -> !osp.fn<i64, i64>
  %1 = "osp.func_ref"(%n, %s) {callee = @add} : (i64, !osp.string) -> !osp.fn<i64, i64>
  %2 = "osp.func_ref"() {callee = @one} : () -> !osp.fn<i64>
  %3 = "osp.call_closure"(%1, %n) : (!osp.fn<i64, i64>, i64) -> i64
  "func.return"(%0, %2, %3) : (!osp.fn<i64, i64>, !osp.fn<i64>, i64) -> ()
}) {sym_name = "f", title = "f", function_type = (i64, !osp.string) -> (!osp.fn<i64, i64>, !osp.fn<i64>, i64)} : () -> ()

// -----

// A variable of the file's scope is as many slots as its type has parts.
// CHECK-LABEL: "builtin.module"
// CHECK: "rt.global"() {mutable = false, sym_name = "v", title = "v", types = [i1, i64, !osp.string]}
// CHECK: "rt.global_store"(%arg1) {global = @v, index = 1 : i64} : (i64) -> ()
// CHECK: "rt.global_load"() {global = @v, index = 2 : i64} : () -> !osp.string
"osp.global"() {sym_name = "v", title = "v", mutable = false, type = !osp.result<i64, !osp.string>} : () -> ()
"func.func"() ({
^bb0(%e: i1, %v: i64, %m: !osp.string):
  "osp.global_set"(%e, %v, %m) {global = @v} : (i1, i64, !osp.string) -> ()
  %0:3 = "osp.global_get"() {global = @v} : () -> (i1, i64, !osp.string)
  "func.return"(%0#2) : (!osp.string) -> ()
}) {sym_name = "f", function_type = (i1, i64, !osp.string) -> !osp.string} : () -> ()
