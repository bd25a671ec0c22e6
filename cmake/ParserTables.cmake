# Generates and installs the parser's LALR tables as `ospjit/syntax/_parsetab.py`. They are made when the
# package is built, so that no start pays for them and nothing is ever written into a user's folder.
# `ospjit.syntax.tables` needs PLY only, which pyproject.toml names as a build requirement.

file(GLOB OSPJIT_SYNTAX_SOURCES CONFIGURE_DEPENDS "${OSPJIT_PACKAGE_DIR}/syntax/*.py")

set(OSPJIT_PARSER_TABLES "${CMAKE_CURRENT_BINARY_DIR}/_parsetab.py")
add_custom_command(
  OUTPUT "${OSPJIT_PARSER_TABLES}"
  # `-m` puts the working directory first on the path; -B keeps byte code out of the source tree.
  COMMAND "${Python3_EXECUTABLE}" -B -m ospjit.syntax.tables "${OSPJIT_PARSER_TABLES}"
  WORKING_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}"
  DEPENDS ${OSPJIT_SYNTAX_SOURCES}
  COMMENT "Generating the parser's tables"
  VERBATIM)
add_custom_target(ospjit_parser_tables ALL DEPENDS "${OSPJIT_PARSER_TABLES}")
install(FILES "${OSPJIT_PARSER_TABLES}" DESTINATION ospjit/syntax)
