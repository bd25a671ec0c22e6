# The library of the language: what compiled code calls that is neither memory, fibers nor network.
# OSP_LIB_PURE_SOURCES read text from outside; they know nothing of fibers or counted memory, so that fuzz targets can
# be made of them alone (with src/sys/sys.c for allocation).
set(OSP_LIB_PURE_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/utf8.c
    ${CMAKE_CURRENT_LIST_DIR}/json_parse.c
    ${CMAKE_CURRENT_LIST_DIR}/json_read.c
    ${CMAKE_CURRENT_LIST_DIR}/pattern_compile.c
    ${CMAKE_CURRENT_LIST_DIR}/pattern_match.c)
set(OSP_LIB_SOURCES
    ${OSP_LIB_PURE_SOURCES}
    ${CMAKE_CURRENT_LIST_DIR}/failure.c
    ${CMAKE_CURRENT_LIST_DIR}/search.c
    ${CMAKE_CURRENT_LIST_DIR}/string_access.c
    ${CMAKE_CURRENT_LIST_DIR}/string_build.c
    ${CMAKE_CURRENT_LIST_DIR}/string_pattern.c
    ${CMAKE_CURRENT_LIST_DIR}/number.c
    ${CMAKE_CURRENT_LIST_DIR}/libm.c
    ${CMAKE_CURRENT_LIST_DIR}/environment.c
    ${CMAKE_CURRENT_LIST_DIR}/descriptor.c
    ${CMAKE_CURRENT_LIST_DIR}/file.c
    ${CMAKE_CURRENT_LIST_DIR}/json_handle.c
    ${CMAKE_CURRENT_LIST_DIR}/json_text.c
    ${CMAKE_CURRENT_LIST_DIR}/json_decode.c
    ${CMAKE_CURRENT_LIST_DIR}/json_encode.c
    ${CMAKE_CURRENT_LIST_DIR}/process.c
    ${CMAKE_CURRENT_LIST_DIR}/testing.c
    ${CMAKE_CURRENT_LIST_DIR}/list.c
    ${CMAKE_CURRENT_LIST_DIR}/list_sort.c
    ${CMAKE_CURRENT_LIST_DIR}/string_list.c
    ${CMAKE_CURRENT_LIST_DIR}/directory.c
    ${CMAKE_CURRENT_LIST_DIR}/map.c)
