# WebSockets: OSP_WS_PROTOCOL_SOURCES are pure functions over bytes; OSP_WS_SOURCES is all that the runtime
# library takes in.
set(OSP_WS_PROTOCOL_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/handshake.c
    ${CMAKE_CURRENT_LIST_DIR}/frame.c)
set(OSP_WS_SOURCES
    ${OSP_WS_PROTOCOL_SOURCES}
    ${CMAKE_CURRENT_LIST_DIR}/accept.c
    ${CMAKE_CURRENT_LIST_DIR}/wait.c
    ${CMAKE_CURRENT_LIST_DIR}/connection.c
    ${CMAKE_CURRENT_LIST_DIR}/client.c
    ${CMAKE_CURRENT_LIST_DIR}/server.c
    ${CMAKE_CURRENT_LIST_DIR}/keep_alive.c)
