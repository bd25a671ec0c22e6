# What stands between compiled code and an embedder.
set(OSP_EMBED_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/stream.c
    ${CMAKE_CURRENT_LIST_DIR}/object.c
    ${CMAKE_CURRENT_LIST_DIR}/call.c)
