# Tests of the pure protocol code: each is one program made of OSP_PROTOCOL_SOURCES and its own file, without
# the runtime. The request parser's runs a second time with the scalar scanner alone.
set(OSP_PROTOCOL_TESTS test_request_parser test_response_parser test_chunked test_header test_url)

foreach(name IN LISTS OSP_PROTOCOL_TESTS)
    add_executable(${name} ${CMAKE_CURRENT_LIST_DIR}/${name}.c ${OSP_PROTOCOL_SOURCES})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
    add_test(NAME ${name} COMMAND ${name})
endforeach()

add_executable(test_request_parser_scalar ${CMAKE_CURRENT_LIST_DIR}/test_request_parser.c ${OSP_PROTOCOL_SOURCES})
target_compile_definitions(test_request_parser_scalar PRIVATE _GNU_SOURCE OSP_SCALAR_SCAN)
add_test(NAME test_request_parser_scalar COMMAND test_request_parser_scalar)
