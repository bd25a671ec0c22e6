// RUN: ospjit opt %s --pass-pipeline=unbox-results --split-input-file | filecheck %s

// A checked sum is an overflow flag beside the value; a Result in a signature is its parts.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i64, %arg1: i64):
// CHECK-NEXT: [[SUM:%.*]]:2 = "rt.add_overflow"(%arg0, %arg1) : (i64, i64) -> (i64, i1)
// CHECK-NEXT: [[TEXT:%.*]] = "osp.string"() {value = "integer overflow"}
// CHECK-NEXT: "func.return"([[SUM]]#1, [[SUM]]#0, [[TEXT]]) : (i1, i64, !osp.string) -> ()
// CHECK-NEXT: function_type = (i64, i64) -> (i1, i64, !osp.string)
"func.func"() ({
^bb0(%a: i64, %b: i64):
  %0 = "osp.add"(%a, %b) : (i64, i64) -> !osp.result<i64, !osp.string>
  "func.return"(%0) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "sum", function_type = (i64, i64) -> !osp.result<i64, !osp.string>} : () -> ()

// -----

// A chain is straight-line code: no branch, the flags joined, the first error kept.
// CHECK-LABEL: "builtin.module"
// CHECK-NOT: "cf.
// CHECK: [[P:%.*]]:2 = "rt.mul_overflow"(%arg0, %arg1)
// CHECK: [[PT:%.*]] = "osp.string"
// CHECK: [[S:%.*]]:2 = "rt.sub_overflow"([[P]]#0, %arg2)
// CHECK: [[ST:%.*]] = "osp.string"
// CHECK-DAG: [[F:%.*]] = "arith.ori"([[P]]#1, [[S]]#1)
// CHECK-DAG: [[T:%.*]] = "arith.select"([[P]]#1, [[PT]], [[ST]])
// CHECK-NEXT: "func.return"([[F]], [[S]]#0, [[T]])
// CHECK-NOT: "cf.
"func.func"() ({
^bb0(%a: i64, %b: i64, %c: i64):
  %0 = "osp.mul"(%a, %b) : (i64, i64) -> !osp.result<i64, !osp.string>
  %1 = "osp.sub"(%0, %c) : (!osp.result<i64, !osp.string>, i64) -> !osp.result<i64, !osp.string>
  "func.return"(%1) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "chain", function_type = (i64, i64, i64) -> !osp.result<i64, !osp.string>} : () -> ()

// -----

// Results travel as parts through branches, calls, function values and selects.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.cond_br"(%arg1, %arg2, %arg3, %arg4)[^bb1, ^bb2]
// CHECK: ^bb1(%{{.*}}: i1, %{{.*}}: f64, %{{.*}}: !osp.string):
// CHECK: [[C:%.*]]:3 = "osp.call"({{.*}}) {callee = @f} : (i1, f64, !osp.string) -> (i1, f64, !osp.string)
// CHECK: [[V:%.*]]:3 = "osp.call_closure"(%arg0, [[C]]#0, [[C]]#1, [[C]]#2)
// CHECK-SAME: -> (i1, f64, !osp.string)
// CHECK: [[S0:%.*]] = "arith.select"(%arg1, [[C]]#0, [[V]]#0)
// CHECK: [[S1:%.*]] = "arith.select"(%arg1, [[C]]#1, [[V]]#1)
// CHECK: [[S2:%.*]] = "arith.select"(%arg1, [[C]]#2, [[V]]#2)
// CHECK-NEXT: "func.return"([[S0]], [[S1]], [[S2]])
"func.func"() ({
^bb0(%r: !osp.result<f64, !osp.string>):
  "func.return"(%r) : (!osp.result<f64, !osp.string>) -> ()
}) {sym_name = "f", function_type = (!osp.result<f64, !osp.string>) -> !osp.result<f64, !osp.string>} : () -> ()
"func.func"() ({
^bb0(%g: !osp.fn<!osp.result<f64, !osp.string>, !osp.result<f64, !osp.string>>, %c: i1, %r: !osp.result<f64, !osp.string>):
  "cf.cond_br"(%c, %r)[^a, ^b] {operandSegmentSizes = array<i32: 1, 1, 0>} : (i1, !osp.result<f64, !osp.string>) -> ()
^a(%x: !osp.result<f64, !osp.string>):
  %0 = "osp.call"(%x) {callee = @f} : (!osp.result<f64, !osp.string>) -> !osp.result<f64, !osp.string>
  %1 = "osp.call_closure"(%g, %0) : (!osp.fn<!osp.result<f64, !osp.string>, !osp.result<f64, !osp.string>>, !osp.result<f64, !osp.string>) -> !osp.result<f64, !osp.string>
  %2 = "arith.select"(%c, %0, %1) : (i1, !osp.result<f64, !osp.string>, !osp.result<f64, !osp.string>) -> !osp.result<f64, !osp.string>
  "func.return"(%2) : (!osp.result<f64, !osp.string>) -> ()
^b:
  "func.return"(%r) : (!osp.result<f64, !osp.string>) -> ()
}) {sym_name = "g", function_type = (!osp.fn<!osp.result<f64, !osp.string>, !osp.result<f64, !osp.string>>, i1, !osp.result<f64, !osp.string>) -> !osp.result<f64, !osp.string>} : () -> ()

// -----

// Making a Result and taking it apart is nothing at all; what is not there is a zero or a null.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i64, %arg1: !osp.string):
// CHECK-DAG: [[OK:%.*]] = "arith.constant"() {value = false} : () -> i1
// CHECK-DAG: [[NULL:%.*]] = "rt.null"() : () -> !osp.string
// CHECK: "func.return"([[OK]], %arg0, [[NULL]], %arg0, %arg1)
"func.func"() ({
^bb0(%x: i64, %e: !osp.string):
  %0 = "osp.success"(%x) : (i64) -> !osp.result<i64, !osp.string>
  %1 = "osp.error"(%e) : (!osp.string) -> !osp.result<f64, !osp.string>
  %2 = "osp.result_value"(%0) {index = 0 : i64} : (!osp.result<i64, !osp.string>) -> i64
  %3 = "osp.result_error"(%1) {index = 0 : i64} : (!osp.result<f64, !osp.string>) -> !osp.string
  "func.return"(%0, %2, %3) : (!osp.result<i64, !osp.string>, i64, !osp.string) -> ()
}) {sym_name = "make", function_type = (i64, !osp.string) -> (!osp.result<i64, !osp.string>, i64, !osp.string)} : () -> ()

// -----

// Unit is nothing: no argument, no result, no part of a Result.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i64):
// CHECK: ^bb0(%arg0: i64):
// CHECK-NEXT: %{{.*}}:2 = "osp.call"(%arg0) {callee = @f} : (i64) -> (i1, !osp.string)
// CHECK: "func.return"() : () -> ()
// CHECK-NEXT: function_type = (i64) -> (), sym_name = "nothing"
"func.func"() ({
^bb0(%x: i64):
  %u = "osp.unit"() : () -> !osp.unit
  %0 = "osp.success"(%u) : (!osp.unit) -> !osp.result<!osp.unit, !osp.string>
  "func.return"(%0) : (!osp.result<!osp.unit, !osp.string>) -> ()
}) {sym_name = "f", function_type = (i64) -> !osp.result<!osp.unit, !osp.string>} : () -> ()
"func.func"() ({
^bb0(%u: !osp.unit, %x: i64):
  %0 = "osp.call"(%x) {callee = @f} : (i64) -> !osp.result<!osp.unit, !osp.string>
  "func.return"(%u) : (!osp.unit) -> ()
}) {sym_name = "nothing", function_type = (!osp.unit, i64) -> !osp.unit} : () -> ()

// -----

// Float arithmetic cannot fail and an int beside a float is promoted; a division by zero is a flag.
// CHECK-LABEL: "builtin.module"
// CHECK: [[F:%.*]] = "arith.sitofp"(%arg0)
// CHECK-NEXT: [[M:%.*]] = "arith.mulf"([[F]], %arg1)
// CHECK: [[ZERO:%.*]] = "arith.cmpf"(%arg1, {{.*}}) {predicate = 1 : i64}
// CHECK: [[Q:%.*]] = "arith.divf"([[M]], %arg1)
// CHECK: [[TEXT:%.*]] = "osp.string"() {value = "division by zero"}
// CHECK-NEXT: "func.return"([[ZERO]], [[Q]], [[TEXT]])
"func.func"() ({
^bb0(%a: i64, %b: f64):
  %0 = "osp.mul"(%a, %b) : (i64, f64) -> f64
  %1 = "osp.div"(%0, %b) : (f64, f64) -> !osp.result<f64, !osp.string>
  "func.return"(%1) : (!osp.result<f64, !osp.string>) -> ()
}) {sym_name = "scale", function_type = (i64, f64) -> !osp.result<f64, !osp.string>} : () -> ()

// -----

// The remainder never traps: the divisors 0 and -1 are replaced before the machine sees them.
// CHECK-LABEL: "builtin.module"
// CHECK-DAG: [[ZERO:%.*]] = "arith.cmpi"(%arg1, [[C0:%.*]]) {predicate = 0 : i64}
// CHECK-DAG: [[MINUS:%.*]] = "arith.cmpi"(%arg1, [[C1:%.*]]) {predicate = 0 : i64}
// CHECK: [[UNSAFE:%.*]] = "arith.ori"([[ZERO]], [[MINUS]])
// CHECK: [[SAFE:%.*]] = "arith.select"([[UNSAFE]], {{.*}}, %arg1)
// CHECK: "arith.remsi"(%arg0, [[SAFE]])
"func.func"() ({
^bb0(%a: i64, %b: i64):
  %0 = "osp.mod"(%a, %b) : (i64, i64) -> !osp.result<i64, !osp.string>
  "func.return"(%0) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "rest", function_type = (i64, i64) -> !osp.result<i64, !osp.string>} : () -> ()

// -----

// A runtime call that can fail: its message tells whether it did.
// CHECK-LABEL: "builtin.module"
// CHECK: [[R:%.*]]:2 = "rt.call"(%arg0) {callee = @osp_parse_int} : (!osp.string) -> (i64, !osp.string)
// CHECK-NEXT: [[FINE:%.*]] = "rt.is_null"([[R]]#1)
// CHECK: [[BAD:%.*]] = "arith.xori"([[FINE]],
// CHECK-NEXT: "func.return"([[BAD]], [[R]]#0, [[R]]#1)
"func.func"() ({
^bb0(%s: !osp.string):
  %0:2 = "rt.call"(%s) {callee = @osp_parse_int} : (!osp.string) -> (i64, !osp.string)
  %1 = "osp.result_from"(%0#0, %0#1) : (i64, !osp.string) -> !osp.result<i64, !osp.string>
  "func.return"(%1) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "parse", function_type = (!osp.string) -> !osp.result<i64, !osp.string>} : () -> ()

// -----

// Results inside Results are flat, and a Result that must be one word goes into a box, counted parts first.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i1, %arg1: i1, %arg2: i64, %arg3: !osp.string, %arg4: !osp.string):
// CHECK-NEXT: [[BOX:%.*]] = "rt.cell"(%arg3, %arg1, %arg2) {scan = 1 : i64, tag = 0 : i64}
// CHECK-DAG: [[E:%.*]] = "rt.slot"([[BOX]]) {index = 0 : i64{{.*}}} : (!osp.box<{{.*}}>) -> !osp.string
// CHECK-DAG: [[F:%.*]] = "rt.slot"([[BOX]]) {index = 1 : i64{{.*}}} : (!osp.box<{{.*}}>) -> i1
// CHECK-DAG: [[V:%.*]] = "rt.slot"([[BOX]]) {index = 2 : i64{{.*}}} : (!osp.box<{{.*}}>) -> i64
// CHECK: "func.return"([[F]], [[V]], [[E]]) : (i1, i64, !osp.string) -> ()
"func.func"() ({
^bb0(%r: !osp.result<!osp.result<i64, !osp.string>, !osp.string>):
  %0 = "osp.result_value"(%r) {index = 0 : i64} : (!osp.result<!osp.result<i64, !osp.string>, !osp.string>) -> !osp.result<i64, !osp.string>
  %1 = "osp.box"(%0) : (!osp.result<i64, !osp.string>) -> !osp.box<!osp.result<i64, !osp.string>>
  %2 = "osp.unbox"(%1) : (!osp.box<!osp.result<i64, !osp.string>>) -> !osp.result<i64, !osp.string>
  "func.return"(%2) : (!osp.result<i64, !osp.string>) -> ()
}) {sym_name = "box", function_type = (!osp.result<!osp.result<i64, !osp.string>, !osp.string>) -> !osp.result<i64, !osp.string>} : () -> ()
