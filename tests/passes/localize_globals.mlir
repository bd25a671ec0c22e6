// RUN: ospjit opt %s --pass-pipeline=localize-globals | filecheck %s

// A variable of the statements alone is what its initialiser gives, also inside of one, and where nobody reads it.
// CHECK-NOT:   sym_name = "local"
// CHECK-NOT:   sym_name = "unread"
"osp.global"() {mutable = false, sym_name = "local", title = "local", type = i64} : () -> ()
"osp.global"() {mutable = false, sym_name = "unread", title = "unread", type = i64} : () -> ()

// What a function reads stays, and what changes, and what is read before it is set.
// CHECK:       sym_name = "read_elsewhere"
// CHECK:       sym_name = "changes"
// CHECK:       sym_name = "early"
"osp.global"() {mutable = false, sym_name = "read_elsewhere", title = "read_elsewhere", type = i64} : () -> ()
"osp.global"() {mutable = true, sym_name = "changes", title = "changes", type = i64} : () -> ()
"osp.global"() {mutable = false, sym_name = "early", title = "early", type = i64} : () -> ()

"func.func"() ({
  %v = "osp.global_get"() {global = @read_elsewhere} : () -> i64
  "func.return"(%v) : (i64) -> ()
}) {function_type = () -> i64, sym_name = "reader"} : () -> ()

// CHECK:       %[[VALUE:[0-9]+]] = "osp.call"() {callee = @reader}
// CHECK-NOT:   global = @local
// CHECK-NOT:   global = @unread
// CHECK:       "osp.global_set"(%[[VALUE]]) {global = @read_elsewhere}
// CHECK:       "osp.global_set"(%[[VALUE]]) {global = @changes}
// CHECK:       "osp.global_get"() {global = @early}
// CHECK:       "osp.global_set"(%{{[0-9]+}}) {global = @early}
// CHECK:       "osp.global_get"() {global = @changes}
// CHECK:       "scf.if"
// CHECK:       "scf.yield"(%[[VALUE]])
"func.func"() ({
  %v = "osp.call"() {callee = @reader} : () -> i64
  "osp.global_set"(%v) {global = @local} : (i64) -> ()
  "osp.global_set"(%v) {global = @unread} : (i64) -> ()
  "osp.global_set"(%v) {global = @read_elsewhere} : (i64) -> ()
  "osp.global_set"(%v) {global = @changes} : (i64) -> ()
  %e = "osp.global_get"() {global = @early} : () -> i64
  "osp.global_set"(%e) {global = @early} : (i64) -> ()
  %c = "osp.global_get"() {global = @changes} : () -> i64
  %cond = "osp.gt"(%c, %e) : (i64, i64) -> i1
  %r = "scf.if"(%cond) ({
    %w = "osp.global_get"() {global = @local} : () -> i64
    "scf.yield"(%w) : (i64) -> ()
  }, {
    "scf.yield"(%c) : (i64) -> ()
  }) : (i1) -> i64
  "func.return"(%r) : (i64) -> ()
}) {function_type = () -> i64, sym_name = "osp.entry"} : () -> ()
