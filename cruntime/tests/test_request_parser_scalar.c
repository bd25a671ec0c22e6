/*
 * The request parser's tests once more with the scalar scanner alone: the definitions below take the place of
 * those in the library.
 */
#define OSP_SCALAR_SCAN 1
#include "../src/http/scan.c"

#include "test_request_parser.c"
