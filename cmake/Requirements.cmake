# Stops the configuration with a sentence when this machine cannot build ospjit: another system or
# CPU, no C compiler, no OpenSSL or zlib headers, no Python. Each message names the package to install.
# Include after project(... LANGUAGES NONE); the C language is enabled here, so that a missing compiler
# is reported by us and not by CMake. It must build nothing.

include_guard(GLOBAL)

if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR "ospjit runs on Linux only; this build is for ${CMAKE_SYSTEM_NAME}.")
endif()

if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|aarch64|arm64)$")
  message(
    FATAL_ERROR
    "ospjit runs on x86-64 and AArch64 only; this build is for ${CMAKE_SYSTEM_PROCESSOR}. "
    "Its fiber switch, its calling convention and its machine code loader are written for these two.")
endif()

include(CheckLanguage)
check_language(C)
if(NOT CMAKE_C_COMPILER)
  message(
    FATAL_ERROR
    "ospjit needs a working C compiler and found none (CC='$ENV{CC}'). Install one with\n"
    "  Debian, Ubuntu:  apt-get install build-essential\n"
    "  Fedora:          dnf install gcc\n")
endif()
enable_language(C)

# The compiler's target decides, not the kernel: a 32-bit user land on a 64-bit kernel is refused.
if(NOT CMAKE_SIZEOF_VOID_P EQUAL 8)
  message(FATAL_ERROR "ospjit needs a 64-bit C compiler; ${CMAKE_C_COMPILER} makes 32-bit code.")
endif()

find_package(OpenSSL 1.1.1 QUIET COMPONENTS Crypto SSL)
if(NOT OpenSSL_FOUND)
  message(
    FATAL_ERROR
    "ospjit needs the OpenSSL headers (1.1.1 or newer) and found none. Install them with\n"
    "  Debian, Ubuntu:  apt-get install libssl-dev\n"
    "  Fedora:          dnf install openssl-devel\n")
endif()

find_package(ZLIB 1.2.11 QUIET)
if(NOT ZLIB_FOUND)
  message(
    FATAL_ERROR
    "ospjit needs the zlib headers (1.2.11 or newer) and found none. Install them with\n"
    "  Debian, Ubuntu:  apt-get install zlib1g-dev\n"
    "  Fedora:          dnf install zlib-devel\n")
endif()

find_package(Python3 3.10 QUIET COMPONENTS Interpreter)
if(NOT Python3_Interpreter_FOUND)
  message(
    FATAL_ERROR
    "ospjit needs Python 3.10 or newer to generate parts of its sources and found none. Install it with\n"
    "  Debian, Ubuntu:  apt-get install python3\n"
    "  Fedora:          dnf install python3\n")
endif()
