# The library of the language: what compiled code calls that is neither memory, fibers nor network.
set(OSP_LIB_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/failure.c
    ${CMAKE_CURRENT_LIST_DIR}/utf8.c
    ${CMAKE_CURRENT_LIST_DIR}/string_access.c
    ${CMAKE_CURRENT_LIST_DIR}/string_build.c
    ${CMAKE_CURRENT_LIST_DIR}/number.c
    ${CMAKE_CURRENT_LIST_DIR}/environment.c
    ${CMAKE_CURRENT_LIST_DIR}/descriptor.c
    ${CMAKE_CURRENT_LIST_DIR}/file.c
    ${CMAKE_CURRENT_LIST_DIR}/json_parse.c
    ${CMAKE_CURRENT_LIST_DIR}/json_read.c
    ${CMAKE_CURRENT_LIST_DIR}/json_handle.c
    ${CMAKE_CURRENT_LIST_DIR}/pattern_compile.c
    ${CMAKE_CURRENT_LIST_DIR}/pattern_match.c)
