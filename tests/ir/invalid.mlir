// RUN: ospjit opt %s --split-input-file --verify-diagnostics

"func.func"() ({
^bb0(%c: i1):
  "cf.cond_br"(%c)[^a, ^b] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^a:
  %0 = "arith.constant"() {value = 1 : i64} : () -> i64
  "cf.br"()[^b] : () -> ()
^b:
  // expected-error@below {{operand 0 is not defined before it is used on every path}}
  "func.return"(%0) : (i64) -> ()
}) {sym_name = "f", function_type = (i1) -> i64} : () -> ()

// -----

"func.func"() ({
^bb0(%x: i64):
  // expected-error@+1 {{successor 0 takes (i1), but is given (i64)}}
  "cf.br"(%x)[^a] : (i64) -> ()
^a(%c: i1):
  "func.return"(%x) : (i64) -> ()
}) {sym_name = "f", function_type = (i64) -> i64} : () -> ()

// -----

"func.func"() ({
^bb0(%x: i64):
  "func.return"(%y) : (i64) -> () // expected-error {{%y is used, but not defined}}
}) {sym_name = "f", function_type = (i64) -> i64} : () -> ()

// -----

"func.func"() ({
  "func.call"() {callee = @nothing} : () -> () // expected-error {{there is no symbol @nothing}}
  "func.return"() : () -> ()
}) {sym_name = "f", function_type = () -> ()} : () -> ()
