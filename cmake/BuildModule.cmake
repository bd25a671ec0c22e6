# Generates and installs `ospjit/_build.py`, by which Python finds the C library that it was built with
# and tells one build from another (the code cache's key contains BUILD_ID). The module is written when
# the package is built, after the sources' last change, and must name no path of the building machine.

file(
  GLOB_RECURSE OSPJIT_C_SOURCES CONFIGURE_DEPENDS
  "${CMAKE_CURRENT_SOURCE_DIR}/cruntime/include/*.h"
  "${CMAKE_CURRENT_SOURCE_DIR}/cruntime/src/*.[chS]"
  "${CMAKE_CURRENT_SOURCE_DIR}/cruntime/*.cmake"
  "${CMAKE_CURRENT_SOURCE_DIR}/cruntime/CMakeLists.txt"
  # The prototypes and the ABI hash that the C sources include are generated from this table.
  "${CMAKE_CURRENT_SOURCE_DIR}/ospjit/builtins/*.py")

# What the libraries are compiled with, as CMake resolves it for this configuration.
string(TOUPPER "${CMAKE_BUILD_TYPE}" OSPJIT_CONFIG)
set(OSPJIT_FLAGS_FILE "${CMAKE_CURRENT_BINARY_DIR}/ospjit_flags.txt")
set(OSPJIT_FLAGS "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${OSPJIT_CONFIG}} ${CMAKE_SHARED_LINKER_FLAGS}\n")
foreach(target ospjit_rt ospjit_crypto ospjit_deflate)
  foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS LINK_OPTIONS)
    string(APPEND OSPJIT_FLAGS "$<TARGET_GENEX_EVAL:${target},$<TARGET_PROPERTY:${target},${property}>>\n")
  endforeach()
endforeach()
file(GENERATE OUTPUT "${OSPJIT_FLAGS_FILE}" CONTENT "${OSPJIT_FLAGS}")

set(OSPJIT_BUILD_MODULE "${CMAKE_CURRENT_BINARY_DIR}/_build.py")
add_custom_command(
  OUTPUT "${OSPJIT_BUILD_MODULE}"
  COMMAND
    "${Python3_EXECUTABLE}" -I "${CMAKE_CURRENT_SOURCE_DIR}/cmake/write_build_module.py"
    --output "${OSPJIT_BUILD_MODULE}"
    --root "${CMAKE_CURRENT_SOURCE_DIR}"
    --compiler "${CMAKE_C_COMPILER_ID} ${CMAKE_C_COMPILER_VERSION}"
    --processor "${CMAKE_SYSTEM_PROCESSOR}"
    --openssl "${OPENSSL_VERSION}"
    --flags-file "${OSPJIT_FLAGS_FILE}"
    ${OSPJIT_C_SOURCES}
  DEPENDS ${OSPJIT_C_SOURCES} "${OSPJIT_FLAGS_FILE}" "${CMAKE_CURRENT_SOURCE_DIR}/cmake/write_build_module.py"
  COMMENT "Writing ospjit/_build.py"
  VERBATIM)
add_custom_target(ospjit_build_module ALL DEPENDS "${OSPJIT_BUILD_MODULE}")
install(FILES "${OSPJIT_BUILD_MODULE}" DESTINATION ospjit)
