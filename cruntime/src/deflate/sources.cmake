# OSP_DEFLATE_SOURCES make libospjit_deflate.so, the only library linked to zlib; opened on first use (deflate_load.c).
set(OSP_DEFLATE_SOURCES ${CMAKE_CURRENT_LIST_DIR}/deflate.c)
list(APPEND OSP_CLIENT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/deflate_load.c)
