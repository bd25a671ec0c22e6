# WebSockets: OSP_WS_PROTOCOL_SOURCES are pure functions over bytes; OSP_WS_SOURCES is all that the runtime
# library takes in.
set(OSP_WS_PROTOCOL_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/handshake.c)
set(OSP_WS_SOURCES
    ${OSP_WS_PROTOCOL_SOURCES}
    ${CMAKE_CURRENT_LIST_DIR}/accept.c)
