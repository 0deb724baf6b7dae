# What every target shares: the language, the warnings, the sanitizers, the packages, and the two kinds of targets.

option(SLUICE_WARNINGS_AS_ERRORS "Treat warnings as errors" OFF)
set(SLUICE_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: empty, address,undefined or thread")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

# Protobuf ships no config file in Debian 12 and must be found before gRPC.
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
find_package(absl CONFIG REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(Threads REQUIRED)

add_library(sluice_options INTERFACE)
target_include_directories(sluice_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(sluice_options INTERFACE BOOST_ASIO_NO_DEPRECATED)
if(SLUICE_SANITIZE)
  target_compile_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(sluice_options INTERFACE -fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES thread)
    # ThreadSanitizer does not know the fences with which Asio surrounds each handler; the locks around its queues do the same.
    target_compile_definitions(sluice_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()

add_library(sluice_warnings INTERFACE)
target_compile_options(sluice_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
                                                 -Wimplicit-fallthrough
                                                 # Designated initializers name what differs from the defaults; that is their point.
                                                 -Wno-missing-field-initializers)
if(SLUICE_SANITIZE)
  # GCC loses track of what is initialized where the sanitizers add their own code; and where sources are compiled together, it
  # takes one that is included for a header, in which a namespace without a name would be a mistake.
  target_compile_options(sluice_warnings INTERFACE -Wno-maybe-uninitialized -Wno-subobject-linkage)
endif()
if(SLUICE_WARNINGS_AS_ERRORS)
  target_compile_options(sluice_warnings INTERFACE -Werror)
endif()

# sluice_library(engine SOURCES a.cc b.cc DEPS sluice_model ...): one static library a folder, called sluice_engine.
#
# The builds with sanitizers compile several sources as one (CMAKE_UNITY_BUILD in CMakePresets.json), because most of the time
# goes into the headers that they share. SEPARATE: sources that do not bear it, having names of their own that others have too.
function(sluice_library name)
  cmake_parse_arguments(ARG "SEPARATE" "" "SOURCES;DEPS" ${ARGN})
  add_library(sluice_${name} STATIC ${ARG_SOURCES})
  if(ARG_SEPARATE)
    set_target_properties(sluice_${name} PROPERTIES UNITY_BUILD OFF)
  endif()
  # Neither options nor warnings are a matter of those who use an installed library.
  target_link_libraries(sluice_${name} PUBLIC $<BUILD_INTERFACE:sluice_options> ${ARG_DEPS}
                        PRIVATE $<BUILD_INTERFACE:sluice_warnings>)
endfunction()

# sluice_test(engine SOURCES a_test.cc DEPS sluice_engine ...): one test program a folder, called engine_test; each case becomes
# a ctest of its own.
function(sluice_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name}_test ${ARG_SOURCES})
  target_link_libraries(${name}_test PRIVATE sluice_options sluice_warnings GTest::gmock_main ${ARG_DEPS})
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}/" DISCOVERY_TIMEOUT 60 PROPERTIES
                        TIMEOUT ${ARG_TIMEOUT} ENVIRONMENT TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp)
endfunction()
