# OSP_CRYPTO_SOURCES make libospjit_crypto.so, the only library linked to OpenSSL. crypto_load.c belongs to the
# runtime library, which opens the other on first use.
set(OSP_CRYPTO_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/crypto.c
    ${CMAKE_CURRENT_LIST_DIR}/tls.c
    ${CMAKE_CURRENT_LIST_DIR}/tls_server.c)
list(APPEND OSP_CLIENT_SOURCES
    ${CMAKE_CURRENT_LIST_DIR}/crypto_load.c)
