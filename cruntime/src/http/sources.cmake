# The pure protocol code and the client: what the runtime library compiles beside the server.
# OSP_PROTOCOL_SOURCES are functions over bytes: no system call, no allocation, nothing of the runtime, so
# that tests and fuzz targets can be made of them alone.
set(OSP_PROTOCOL_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/parse_error.c
    ${CMAKE_CURRENT_LIST_DIR}/scan.c
    ${CMAKE_CURRENT_LIST_DIR}/header.c
    ${CMAKE_CURRENT_LIST_DIR}/url.c
    ${CMAKE_CURRENT_LIST_DIR}/url_resolve.c
    ${CMAKE_CURRENT_LIST_DIR}/framing.c
    ${CMAKE_CURRENT_LIST_DIR}/request_parser.c
    ${CMAKE_CURRENT_LIST_DIR}/response_parser.c
    ${CMAKE_CURRENT_LIST_DIR}/chunked.c)

# The client, on fibers; crypto/sources.cmake adds to it what opens the crypto library.
set(OSP_CLIENT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/handle_table.c
    ${CMAKE_CURRENT_LIST_DIR}/client_connection.c
    ${CMAKE_CURRENT_LIST_DIR}/client_origin.c
    ${CMAKE_CURRENT_LIST_DIR}/client_pool.c
    ${CMAKE_CURRENT_LIST_DIR}/client_request.c
    ${CMAKE_CURRENT_LIST_DIR}/client_exchange.c
    ${CMAKE_CURRENT_LIST_DIR}/client_redirect.c
    ${CMAKE_CURRENT_LIST_DIR}/client.c
    ${CMAKE_CURRENT_LIST_DIR}/client_api.c
    ${CMAKE_CURRENT_LIST_DIR}/client_c_api.c
    ${CMAKE_CURRENT_LIST_DIR}/text_api.c)
