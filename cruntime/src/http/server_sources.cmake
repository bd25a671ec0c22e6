# The HTTP server: what stands between the pure protocol code and the scheduler.
set(OSP_SERVER_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/buffer.c
    ${CMAKE_CURRENT_LIST_DIR}/options.c
    ${CMAKE_CURRENT_LIST_DIR}/access_log.c
    ${CMAKE_CURRENT_LIST_DIR}/wheel.c
    ${CMAKE_CURRENT_LIST_DIR}/status.c
    ${CMAKE_CURRENT_LIST_DIR}/reply.c
    ${CMAKE_CURRENT_LIST_DIR}/connection.c
    ${CMAKE_CURRENT_LIST_DIR}/request.c
    ${CMAKE_CURRENT_LIST_DIR}/request_body.c
    ${CMAKE_CURRENT_LIST_DIR}/spill.c
    ${CMAKE_CURRENT_LIST_DIR}/reply_stream.c
    ${CMAKE_CURRENT_LIST_DIR}/listen_socket.c
    ${CMAKE_CURRENT_LIST_DIR}/inherited_socket.c
    ${CMAKE_CURRENT_LIST_DIR}/server.c
    ${CMAKE_CURRENT_LIST_DIR}/job.c
    ${CMAKE_CURRENT_LIST_DIR}/c_api.c)
