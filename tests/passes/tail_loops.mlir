// RUN: ospjit opt %s --pass-pipeline=tail-loops --split-input-file | filecheck %s
// RUN: ospjit opt %s --pass-pipeline='tail-loops{size=3}' --split-input-file | filecheck %s --check-prefix=SMALL

// What each call changes is carried by the loop; the rest is the function's own argument.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb0(%arg0: i64, %arg1: i64):
// CHECK-NEXT: "cf.br"(%arg0)[^bb1]
// CHECK: ^bb1(%[[N:[0-9]+]]: i64):
// CHECK-NEXT: "arith.cmpi"(%[[N]], %arg1)
// CHECK: %[[M:[0-9]+]] = "arith.addi"(%[[N]], %arg1)
// CHECK-NEXT: "rt.poll"()
// CHECK-NEXT: "cf.br"(%[[M]])[^bb1]
// CHECK-NOT: func.call
"func.func"() ({
^bb0(%n: i64, %limit: i64):
  %more = "arith.cmpi"(%n, %limit) {predicate = 2 : i64} : (i64, i64) -> i1
  "cf.cond_br"(%more)[^again, ^done] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^again:
  %m = "arith.addi"(%n, %limit) : (i64, i64) -> i64
  %r = "func.call"(%m, %limit) {callee = @count, tail} : (i64, i64) -> i64
  "func.return"(%r) : (i64) -> ()
^done:
  "func.return"(%n) : (i64) -> ()
}) {sym_name = "count", function_type = (i64, i64) -> i64} : () -> ()

// -----

// A list is carried by a loop around that. Behind the call that changes it everything is there twice: once for a
// change in place, with which the inner loop goes on, once for another list, with which the outer one does.
// CHECK-LABEL: "builtin.module"
// CHECK: "cf.br"(%arg0, %arg1)[^bb1]
// CHECK: ^bb1(%[[XS:[0-9]+]]: !osp.list<i64>, %[[I:[0-9]+]]: i64):
// CHECK-NEXT: "cf.br"(%[[I]])[^bb2]
// CHECK: ^bb2(%[[N:[0-9]+]]: i64):
// CHECK: %[[YS:[0-9]+]] = "rt.call"(%[[XS]], %[[N]]) {callee = @osp_list_append}
// CHECK-NEXT: %[[HERE:[0-9]+]] = "rt.in_place"(%[[YS]])
// CHECK-NEXT: "cf.cond_br"(%[[HERE]])[^[[SAME:bb[0-9]+]], ^[[OTHER:bb[0-9]+]]]
// CHECK: ^[[SAME]]:
// CHECK-NEXT: "cf.br"()[^[[GO:bb[0-9]+]]]
// CHECK: ^[[GO]]:
// CHECK-NEXT: "arith.addi"
// CHECK-NEXT: "rt.poll"()
// CHECK-NEXT: %[[TRUE:[0-9]+]] = "rt.same_address"(%[[XS]], %[[XS]])
// CHECK-NEXT: "cf.cond_br"(%[[TRUE]], {{.*}})[^bb2, ^bb1]
// CHECK: ^[[OTHER]]:
// CHECK-NEXT: "cf.br"()[^[[LEAVE:bb[0-9]+]]]
// CHECK: ^[[LEAVE]]:
// CHECK-NEXT: "arith.addi"
// CHECK-NEXT: "rt.poll"()
// CHECK: "cf.br"(%[[YS]], {{.*}})[^bb1]

// Where that would be too much, there is a comparison.
// SMALL-LABEL: {callee = @osp_list_append}
// SMALL-NOT: rt.in_place
// SMALL: "rt.same_address"
"func.func"() ({
^bb0(%xs: !osp.list<i64>, %n: i64, %one: i64):
  %done = "arith.cmpi"(%n, %one) {predicate = 0 : i64} : (i64, i64) -> i1
  "cf.cond_br"(%done)[^done, ^again] {operandSegmentSizes = array<i32: 1, 0, 0>} : (i1) -> ()
^again:
  %ys = "rt.call"(%xs, %n) {callee = @osp_list_append} : (!osp.list<i64>, i64) -> !osp.list<i64>
  "cf.br"()[^next] : () -> ()
^next:
  %m = "arith.addi"(%n, %one) : (i64, i64) -> i64
  %r = "func.call"(%ys, %m, %one) {callee = @fill, tail} : (!osp.list<i64>, i64, i64) -> !osp.list<i64>
  "func.return"(%r) : (!osp.list<i64>) -> ()
^done:
  "func.return"(%xs) : (!osp.list<i64>) -> ()
}) {sym_name = "fill", owned = [0], function_type = (!osp.list<i64>, i64, i64) -> !osp.list<i64>} : () -> ()

// -----

// A list that another function made may be the same one.
// CHECK-LABEL: "builtin.module"
// CHECK: ^bb1(%[[XS:[0-9]+]]: !osp.list<i64>):
// CHECK: %[[YS:[0-9]+]] = "func.call"(%[[XS]]) {callee = @other}
// CHECK: %[[SAME:[0-9]+]] = "rt.same_address"(%[[XS]], %[[YS]])
// CHECK-NEXT: "cf.cond_br"(%[[SAME]], %[[YS]])[^bb2, ^bb1]
"func.func"() ({
^bb0(%xs: !osp.list<i64>):
  %ys = "func.call"(%xs) {callee = @other} : (!osp.list<i64>) -> !osp.list<i64>
  %r = "func.call"(%ys) {callee = @ever, tail} : (!osp.list<i64>) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "ever", owned = [0], function_type = (!osp.list<i64>) -> i64} : () -> ()
"func.func"() ({
}) {sym_name = "other", sym_visibility = "private", function_type = (!osp.list<i64>) -> !osp.list<i64>} : () -> ()

// -----

// A borrowed reference cannot be replaced by one that is owned, but be handed on as it is.
// CHECK-LABEL: "builtin.module"
// CHECK: "func.call"({{.*}}) {callee = @walk, tail}
// CHECK: sym_name = "walk"
// CHECK: "cf.br"({{.*}})[^bb1]
// CHECK-NOT: {callee = @same, tail}
// CHECK: sym_name = "same"
"func.func"() ({
^bb0(%a: !osp.string, %b: !osp.string):
  %r = "func.call"(%b, %a) {callee = @walk, tail} : (!osp.string, !osp.string) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "walk", borrowed = [0, 1], function_type = (!osp.string, !osp.string) -> i64} : () -> ()
"func.func"() ({
^bb0(%a: !osp.string, %n: i64):
  %m = "arith.addi"(%n, %n) : (i64, i64) -> i64
  %r = "func.call"(%a, %m) {callee = @same, tail} : (!osp.string, i64) -> i64
  "func.return"(%r) : (i64) -> ()
}) {sym_name = "same", borrowed = [0], function_type = (!osp.string, i64) -> i64} : () -> ()
