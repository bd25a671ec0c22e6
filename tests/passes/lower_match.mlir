// RUN: ospjit opt %s --pass-pipeline=lower-match --split-input-file | filecheck %s

// A conditional becomes two blocks and the block after it, which gets its value.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "scf.
// CHECK: "cf.cond_br"(%arg0)[^bb1, ^bb2]
// CHECK: ^bb1:
// CHECK-NEXT: "cf.br"(%arg1)[^bb3]
// CHECK-NEXT: ^bb2:
// CHECK-NEXT: "cf.br"(%arg2)[^bb3]
// CHECK-NEXT: ^bb3([[R:%.*]]: i64):
// CHECK-NEXT: "func.return"([[R]])
"func.func"() ({
^bb0(%c: i1, %x: i64, %y: i64):
  %0 = "scf.if"(%c) ({
    "scf.yield"(%x) : (i64) -> ()
  }, {
    "scf.yield"(%y) : (i64) -> ()
  }) : (i1) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "if", function_type = (i1, i64, i64) -> i64} : () -> ()

// -----

// The tag of a union is read once and switched on once, whatever the order of the arms; the last variant needs no
// case of its own. Fields are read where their variant is known.
// CHECK-LABEL: "builtin.module"
// CHECK: [[TAG:%.*]] = "osp.variant_tag"(%arg0)
// CHECK-NEXT: "cf.switch"([[TAG]])[^{{.*}}, ^{{.*}}, ^{{.*}}] {{.*}}case_values = dense<[0, 1]>
// CHECK-NOT: "osp.variant_tag"
// CHECK-DAG: "osp.variant_field"(%arg0) {index = 0 : i64, variant = "Circle"} : (!osp.data<"Shape">) -> f64
// CHECK-DAG: "osp.variant_field"(%arg0) {index = 1 : i64, variant = "Rect"} : (!osp.data<"Shape">) -> f64
// CHECK-NOT: "osp.variant_tag"
// CHECK-NOT: "rt.unreachable"
// CHECK: sym_name = "area"
"osp.data"() {sym_name = "Shape", title = "Shape", params = [], record = false, positional = [false, false, false],
  variants = ["Circle", "Rect", "Dot"], fields = [["r"], ["w", "h"], []], types = [[f64], [f64, f64], []]} : () -> ()
"func.func"() ({
^bb0(%s: !osp.data<"Shape">):
  %0 = "osp.match"(%s) ({
    %z = "arith.constant"() {value = 0.0 : f64} : () -> f64
    "osp.yield"(%z) : (f64) -> ()
  }, {
  ^a(%w: f64, %h: f64):
    %p = "arith.mulf"(%w, %h) : (f64, f64) -> f64
    "osp.yield"(%p) : (f64) -> ()
  }, {
  ^b(%r: f64):
    "osp.yield"(%r) : (f64) -> ()
  }) {guards = [false, false, false], patterns = [["con", "Dot"], ["con", "Rect", ["bind"], ["bind"]], ["con", "Circle", ["bind"]]]} : (!osp.data<"Shape">) -> f64
  "func.return"(%0) : (f64) -> ()
}) {sym_name = "area", function_type = (!osp.data<"Shape">) -> f64} : () -> ()

// -----

// One tree for all arms: nested patterns test the outer tag once and the inner tag once on every path, however
// many arms name them; the arm that catches all is one block that several leaves branch to.
// CHECK-LABEL: "builtin.module"
// CHECK: [[OUTER:%.*]] = "osp.variant_tag"(%arg0)
// CHECK: [[INNER:%.*]] = "osp.variant_field"(%arg0) {index = 0 : i64, variant = "Some"} : (!osp.data<"Maybe">) -> !osp.data<"Bit">
// CHECK: "osp.variant_tag"([[INNER]])
// CHECK-NOT: "osp.variant_tag"
// CHECK: value = 100 : i64
// CHECK: value = 101 : i64
// CHECK: value = 102 : i64
// CHECK-NOT: value = 102 : i64
// CHECK-NOT: "osp.variant_tag"
// CHECK: sym_name = "nested"
"osp.data"() {sym_name = "Bit", title = "Bit", params = [], record = false, positional = [false, false, false],
  variants = ["Zero", "One", "Both"], fields = [[], [], ["n"]], types = [[], [], [i64]]} : () -> ()
"osp.data"() {sym_name = "Maybe", title = "Maybe", params = [], record = false, positional = [false, true],
  variants = ["None", "Some"], fields = [[], ["value"]], types = [[], [!osp.data<"Bit">]]} : () -> ()
"func.func"() ({
^bb0(%m: !osp.data<"Maybe">):
  %0 = "osp.match"(%m) ({
    %r = "arith.constant"() {value = 100 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 101 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 102 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }) {guards = [false, false, false], patterns = [["con", "Some", ["con", "Zero"]], ["con", "Some", ["con", "One"]], ["wild"]]} : (!osp.data<"Maybe">) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "nested", function_type = (!osp.data<"Maybe">) -> i64} : () -> ()

// -----

// Strings: a switch on the length, then a comparison with those of that length only.
// CHECK-LABEL: "builtin.module"
// CHECK: [[LENGTH:%.*]] = "osp.string_length"(%arg0)
// CHECK-NEXT: "cf.switch"([[LENGTH]]){{.*}} case_values = dense<[3, 4]>
// CHECK-NOT: "osp.string_length"
// CHECK-COUNT-3: "rt.call"(%arg0, {{.*}}) {callee = @osp_string_equal}
// CHECK-NOT: @osp_string_equal
"func.func"() ({
^bb0(%s: !osp.string):
  %0 = "osp.match"(%s) ({
    %r = "arith.constant"() {value = 1 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 2 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 3 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 4 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }) {guards = [false, false, false, false], patterns = [["lit", "GET"], ["lit", "POST"], ["lit", "PUT"], ["wild"]]} : (!osp.string) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "method", function_type = (!osp.string) -> i64} : () -> ()

// -----

// Numbers: one switch; a name that catches all gets the value.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.switch"(%arg0){{.*}} case_values = dense<[-1, 7]>
// CHECK: ^bb{{.*}}([[N:%.*]]: i64):
// CHECK-NEXT: "cf.br"([[N]])
"func.func"() ({
^bb0(%n: i64):
  %0 = "osp.match"(%n) ({
    %r = "arith.constant"() {value = 1 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 2 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
  ^a(%x: i64):
    "osp.yield"(%x) : (i64) -> ()
  }) {guards = [false, false, false], patterns = [["lit", -1], ["lit", 7], ["bind"]]} : (i64) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "number", function_type = (i64) -> i64} : () -> ()

// -----

// A Result: one branch on the flag, no tag.
// CHECK-LABEL: "builtin.module"
// CHECK: [[BAD:%.*]] = "osp.is_error"(%arg0)
// CHECK-NEXT: "cf.cond_br"([[BAD]])
// CHECK-NOT: "osp.is_error"
// CHECK-NOT: "osp.variant_tag"
// CHECK-DAG: "osp.result_value"(%arg0)
// CHECK-DAG: "osp.result_error"(%arg0)
// CHECK: sym_name = "result"
"func.func"() ({
^bb0(%r: !osp.result<!osp.string, !osp.string>):
  %0 = "osp.match"(%r) ({
  ^a(%v: !osp.string):
    "osp.yield"(%v) : (!osp.string) -> ()
  }, {
  ^b(%e: !osp.string):
    "osp.yield"(%e) : (!osp.string) -> ()
  }) {guards = [false, false], patterns = [["con", "Success", ["bind"]], ["con", "Error", ["bind"]]]} : (!osp.result<!osp.string, !osp.string>) -> !osp.string
  "func.return"(%0) : (!osp.string) -> ()
}) {sym_name = "result", function_type = (!osp.result<!osp.string, !osp.string>) -> !osp.string} : () -> ()

// -----

// Alternatives share the arm; records need no test, only their fields are tested.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "osp.variant_tag"
// CHECK: [[X:%.*]] = "osp.get_field"(%arg0) {field = "x"}
// CHECK: "cf.switch"([[X]]){{.*}} case_values = dense<[1, 2]>
// CHECK-COUNT-1: value = 55 : i64
// CHECK-NOT: value = 55 : i64
// CHECK: sym_name = "or"
"osp.data"() {sym_name = "Point", title = "Point", params = [], record = true, positional = [false],
  variants = ["Point"], fields = [["x", "y"]], types = [[i64, i64]]} : () -> ()
"func.func"() ({
^bb0(%p: !osp.data<"Point">):
  %0 = "osp.match"(%p) ({
    %r = "arith.constant"() {value = 55 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
  ^a(%y: i64):
    "osp.yield"(%y) : (i64) -> ()
  }) {guards = [false, false], patterns = [["rec", true, ["x"], ["or", ["lit", 1], ["lit", 2]]], ["rec", false, ["x", "y"], ["wild"], ["bind"]]]} : (!osp.data<"Point">) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "or", function_type = (!osp.data<"Point">) -> i64} : () -> ()

// -----

// A guard that fails goes on with the arms below, without testing again what is known.
// CHECK-LABEL: "builtin.module"
// CHECK: [[TAG:%.*]] = "osp.variant_tag"(%arg0)
// CHECK-NOT: "osp.variant_tag"
// CHECK: [[N:%.*]] = "osp.variant_field"(%arg0) {index = 0 : i64, variant = "Some"}
// CHECK-NOT: "osp.variant_field"
// CHECK: ^bb{{.*}}([[G:%.*]]: i64):
// CHECK: [[BIG:%.*]] = "arith.cmpi"([[G]],
// CHECK-NEXT: "cf.cond_br"([[BIG]], [[N]])
// CHECK-NOT: "osp.variant_tag"
"osp.data"() {sym_name = "Maybe", title = "Maybe", params = [], record = false, positional = [false, true],
  variants = ["None", "Some"], fields = [[], ["value"]], types = [[], [i64]]} : () -> ()
"func.func"() ({
^bb0(%m: !osp.data<"Maybe">):
  %0 = "osp.match"(%m) ({
  ^a(%n: i64):
    "osp.yield"(%n) : (i64) -> ()
  }, {
  ^b(%n: i64):
    %r = "arith.constant"() {value = 5 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 6 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
  ^g(%n: i64):
    %limit = "arith.constant"() {value = 10 : i64} : () -> i64
    %big = "arith.cmpi"(%n, %limit) {predicate = 4 : i64} : (i64, i64) -> i1
    "osp.yield"(%big) : (i1) -> ()
  }) {guards = [true, false, false], patterns = [["con", "Some", ["bind"]], ["con", "Some", ["bind"]], ["con", "None"]]} : (!osp.data<"Maybe">) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "guard", function_type = (!osp.data<"Maybe">) -> i64} : () -> ()

// -----

// Lists: one switch on the length; elements are read where they are known to be there. (The pattern of the rest
// stands before those of the elements, and so does what it binds.)
// CHECK-LABEL: "builtin.module"
// CHECK: [[LENGTH:%.*]] = "osp.list_length"(%arg0)
// CHECK: "cf.cond_br"
// CHECK-NOT: "osp.list_length"
// CHECK-DAG: "osp.list_item"(%arg0) {index = 0 : i64} : (!osp.list<i64>) -> i64
// CHECK-DAG: "osp.list_rest"(%arg0) {index = 1 : i64} : (!osp.list<i64>) -> !osp.list<i64>
// CHECK: sym_name = "list"
"func.func"() ({
^bb0(%l: !osp.list<i64>):
  %0:2 = "osp.match"(%l) ({
    %r = "arith.constant"() {value = 0 : i64} : () -> i64
    "osp.yield"(%r, %l) : (i64, !osp.list<i64>) -> ()
  }, {
  ^b(%rest: !osp.list<i64>, %x: i64):
    "osp.yield"(%x, %rest) : (i64, !osp.list<i64>) -> ()
  }) {guards = [false, false], patterns = [["list", ["none"]], ["list", ["bind"], ["bind"]]]} : (!osp.list<i64>) -> (i64, !osp.list<i64>)
  "func.return"(%0#0, %0#1) : (i64, !osp.list<i64>) -> ()
}) {sym_name = "list", function_type = (!osp.list<i64>) -> (i64, !osp.list<i64>)} : () -> ()

// -----

// Alternatives are one case of a switch, so that those of several fields do not multiply.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.switch"({{.*}})[^[[NO:bb[0-9]+]], ^[[YES:bb[0-9]+]], ^[[YES]]] {{.*}}case_values = dense<[0, 1]>
// CHECK: "cf.switch"({{.*}})[^{{bb[0-9]+}}, ^[[ALSO:bb[0-9]+]], ^[[ALSO]]] {{.*}}case_values = dense<[1, 2]>
// CHECK-NOT: "cf.switch"
// CHECK: sym_name = "alternatives"
"osp.data"() {sym_name = "Turn", title = "Turn", params = [], record = false, positional = [false, true, false],
  variants = ["Left", "Right", "Back"], fields = [[], ["by"], []], types = [[], [i64], []]} : () -> ()
"osp.data"() {sym_name = "Move", title = "Move", params = [], record = true, positional = [false],
  variants = ["Move"], fields = [["turn", "steps"]], types = [[!osp.data<"Turn">, i64]]} : () -> ()
"func.func"() ({
^bb0(%m: !osp.data<"Move">):
  %0 = "osp.match"(%m) ({
    %r = "arith.constant"() {value = 5 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }, {
    %r = "arith.constant"() {value = 6 : i64} : () -> i64
    "osp.yield"(%r) : (i64) -> ()
  }) {guards = [false, false], patterns = [["rec", false, ["turn", "steps"], ["or", ["con", "Left"], ["con", "Right", ["wild"]]], ["or", ["lit", 1], ["lit", 2]]], ["wild"]]} : (!osp.data<"Move">) -> i64
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "alternatives", function_type = (!osp.data<"Move">) -> i64} : () -> ()
