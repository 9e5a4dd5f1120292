# How modules, tables and programs become targets.

# Reads sim/modules.txt into ES_USES_<module>, ES_LIBRARIES_<module>, ES_HEADERS_<module>.
file(STRINGS ${PROJECT_SOURCE_DIR}/sim/modules.txt lines REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sim/modules.txt)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([a-z]+) \\|([^|]*)\\|([^|]*)\\|([^|]*)$" matched "${line}")
  set(module ${CMAKE_MATCH_1})
  string(REGEX MATCHALL "[a-z0-9]+" ES_HEADERS_${module} "${CMAKE_MATCH_2}")
  string(REGEX MATCHALL "[a-z0-9]+" ES_USES_${module} "${CMAKE_MATCH_3}")
  string(REGEX MATCHALL "[a-z0-9]+" ES_LIBRARIES_${module} "${CMAKE_MATCH_4}")
endforeach()

# es_module(NAME source...): the static library es_NAME (header-only without sources), linked with just what
# modules.txt allows. Its public headers must compile alone.
function(es_module name)
  if(ARGN)
    add_library(es_${name} STATIC ${ARGN})
    set(scope PUBLIC)
    target_link_libraries(es_${name} PRIVATE es_options)
  else()
    add_library(es_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  set(headers ${ES_HEADERS_${name}})
  list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/sim/include/edgesplit/)
  list(TRANSFORM headers APPEND .h)
  target_sources(es_${name} ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/sim/include
                 FILES ${headers})
  set_target_properties(es_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  foreach(used IN LISTS ES_USES_${name})
    target_link_libraries(es_${name} ${scope} es_${used})
  endforeach()
  foreach(library IN LISTS ES_LIBRARIES_${name})
    target_link_libraries(es_${name} ${scope} es::${library})
  endforeach()
endfunction()

# es_table(VARIABLE FILE MACRO): the first argument of every `MACRO(name, ...)` line of an X-macro table, in order, so
# that C and CMake read one list.
function(es_table variable file macro)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
  file(STRINGS ${file} lines REGEX "^${macro}\\(")
  list(TRANSFORM lines REPLACE "^${macro}\\(([a-z0-9_]+).*$" "\\1")
  set(${variable} ${lines} PARENT_SCOPE)
endfunction()

# What this build has and lacks, said once at the end of the configuration.
function(es_print_features)
  if(TARGET es::dnnl AND OpenMP_C_FOUND)
    message(STATUS "edgesplit: oneDNN found: `edgesplit profile run` measures this CPU")
  else()
    message(STATUS "edgesplit: no oneDNN (apt install libdnnl-dev): `edgesplit profile run` cannot measure a CPU")
  endif()
  if(TARGET es::cudnn AND CUDAToolkit_FOUND)
    message(STATUS "edgesplit: CUDA ${CUDAToolkit_VERSION} and cuDNN found; this version has no backend that uses them")
  else()
    message(STATUS "edgesplit: no CUDA toolkit with cuDNN: GPUs cannot be measured")
  endif()
  if(NOT BUILD_TESTING)
    message(STATUS "edgesplit: tests are off (BUILD_TESTING)")
  endif()
endfunction()
