# WebSockets: OSP_WS_PROTOCOL_SOURCES are pure functions over bytes; OSP_WS_SOURCES is all that the runtime
# library takes in.
set(OSP_WS_PROTOCOL_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/extension.c
    ${CMAKE_CURRENT_LIST_DIR}/handshake.c
    ${CMAKE_CURRENT_LIST_DIR}/frame.c
    ${CMAKE_CURRENT_LIST_DIR}/reader.c)
set(OSP_WS_SOURCES
    ${OSP_WS_PROTOCOL_SOURCES}
    ${CMAKE_CURRENT_LIST_DIR}/address_table.c
    ${CMAKE_CURRENT_LIST_DIR}/wait.c
    ${CMAKE_CURRENT_LIST_DIR}/outbox.c
    ${CMAKE_CURRENT_LIST_DIR}/event.c
    ${CMAKE_CURRENT_LIST_DIR}/error_message.c
    ${CMAKE_CURRENT_LIST_DIR}/client.c
    ${CMAKE_CURRENT_LIST_DIR}/client_connection.c
    ${CMAKE_CURRENT_LIST_DIR}/client_handshake.c
    ${CMAKE_CURRENT_LIST_DIR}/peer.c
    ${CMAKE_CURRENT_LIST_DIR}/peer_handlers.c
    ${CMAKE_CURRENT_LIST_DIR}/server.c
    ${CMAKE_CURRENT_LIST_DIR}/server_send.c
    ${CMAKE_CURRENT_LIST_DIR}/keep_alive.c)
