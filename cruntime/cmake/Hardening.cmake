# The hardening flags of every library of the runtime, in one interface target.
#
# The compiler records its command line in the objects (-frecord-gcc-switches), so that a test can read back also those
# flags that leave no other mark. What a sanitizer forbids is left out of its build only.

include(CheckCCompilerFlag)
include(CheckLinkerFlag)

add_library(osp_hardening INTERFACE)
target_compile_options(osp_hardening INTERFACE
    -O2 -g
    -fvisibility=hidden
    -fno-omit-frame-pointer
    -fstack-protector-all
    -fno-delete-null-pointer-checks
    -fno-strict-aliasing # one word may be a count, an address or a float; see object.c
    -Wall -Wextra -Wpointer-arith -Wshadow=local -Wstrict-prototypes -Wformat=2
    -Wundef)
target_compile_definitions(osp_hardening INTERFACE _GNU_SOURCE)
target_link_options(osp_hardening INTERFACE
    -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,-z,defs -Wl,--as-needed)

if(OSP_WERROR)
  target_compile_options(osp_hardening INTERFACE -Werror)
endif()

if(OSP_ANALYZE)
  target_compile_options(osp_hardening INTERFACE -fanalyzer)
endif()

check_c_compiler_flag(-frecord-gcc-switches OSP_HAS_RECORD_SWITCHES)
if(OSP_HAS_RECORD_SWITCHES)
  target_compile_options(osp_hardening INTERFACE -frecord-gcc-switches)
endif()

if(OSP_SANITIZE)
  target_compile_options(osp_hardening INTERFACE -fsanitize=${OSP_SANITIZE} -O1)
  target_link_options(osp_hardening INTERFACE -fsanitize=${OSP_SANITIZE})
  if(OSP_SANITIZE MATCHES "undefined")
    target_compile_options(osp_hardening INTERFACE -fno-sanitize-recover=undefined)
  endif()
else()
  # Fortification replaces functions that the sanitizers replace too; traps would hide what UBSan reports.
  target_compile_options(osp_hardening INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -ftrapv)
  check_c_compiler_flag(-fstack-clash-protection OSP_HAS_STACK_CLASH)
  if(OSP_HAS_STACK_CLASH)
    target_compile_options(osp_hardening INTERFACE -fstack-clash-protection)
  endif()
endif()

if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  set(OSP_BRANCH_PROTECTION -fcf-protection=full)
else()
  set(OSP_BRANCH_PROTECTION -mbranch-protection=standard)
endif()
target_compile_options(osp_hardening INTERFACE ${OSP_BRANCH_PROTECTION})

# The linker marks a library as fit for branch tracking and shadow stacks if every input says so. All of ours do, the
# assembly included, but some systems' start files lack the note, so it is told.
check_linker_flag(C "-Wl,-z,ibt,-z,shstk" OSP_HAS_CET_LINK)
if(OSP_HAS_CET_LINK AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_link_options(osp_hardening INTERFACE -Wl,-z,ibt,-z,shstk)
endif()
