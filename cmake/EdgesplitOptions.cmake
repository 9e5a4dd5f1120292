# Language, warnings, sanitizers: one interface target, es_options, that every target of ours links.
option(ES_WERROR "Treat warnings as errors (the CI presets do)" OFF)
option(ES_SANITIZE "Build with AddressSanitizer and UndefinedBehaviorSanitizer" OFF)
option(ES_FUZZ "Build the fuzz targets with libFuzzer (clang; best with ES_SANITIZE)" OFF)
option(ES_ONNX "Read ONNX files where protobuf-c and ONNX's schema are found" ON)
option(ES_LIBDEFLATE "Compress results with libdeflate where it is found, else with zlib" ON)
include(CTest)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

add_library(es_options INTERFACE)
target_compile_options(es_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wdouble-promotion
  -Wstrict-prototypes -Wmissing-prototypes -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wformat=2
  -Wswitch-enum -Wimplicit-fallthrough -fno-common
  # Results must not depend on whether the compiler fuses a multiply and an add.
  -ffp-contract=off
  $<$<BOOL:${ES_WERROR}>:-Werror>
  $<$<CONFIG:Release>:-fstack-protector-strong>)
target_compile_definitions(es_options INTERFACE $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_link_options(es_options INTERFACE $<$<CONFIG:Release>:LINKER:-z,relro,-z,now>)
if(ES_SANITIZE)
  # -O1 as the sanitizers' own manual advises: without it the tests take three times as long.
  target_compile_options(es_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
                         -fno-omit-frame-pointer -O1)
  target_link_options(es_options INTERFACE -fsanitize=address,undefined)
endif()
if(ES_FUZZ)
  target_compile_options(es_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(es_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
