# How modules, tables and programs become targets.

# Reads sim/modules.txt into ES_USES_<module>, ES_LIBRARIES_<module>, ES_HEADERS_<module>.
file(STRINGS ${PROJECT_SOURCE_DIR}/sim/modules.txt lines REGEX "^[a-z]")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/sim/modules.txt)
foreach(line IN LISTS lines)
  string(REGEX MATCH "^([a-z]+) \\|([^|]*)\\|([^|]*)\\|([^|]*)$" matched "${line}")
  set(module ${CMAKE_MATCH_1})
  set(headers ${CMAKE_MATCH_2})
  set(uses ${CMAKE_MATCH_3})
  set(libraries ${CMAKE_MATCH_4})
  string(REGEX MATCHALL "[a-z0-9]+" ES_HEADERS_${module} "${headers}")
  string(REGEX MATCHALL "[a-z0-9]+" ES_USES_${module} "${uses}")
  string(REGEX MATCHALL "[a-z0-9]+" ES_LIBRARIES_${module} "${libraries}")
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
  get_filename_component(file ${file} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
  file(STRINGS ${file} lines REGEX "^${macro}\\(")
  list(TRANSFORM lines REPLACE "^${macro}\\(([a-z0-9_]+).*$" "\\1")
  set(${variable} ${lines} PARENT_SCOPE)
endfunction()

# ES_RELEASE_DATE: of the newest release in the change log, for man pages.
file(STRINGS ${PROJECT_SOURCE_DIR}/CHANGELOG.md releases REGEX "^## \\[[0-9.]+\\] - ")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/CHANGELOG.md)
string(REGEX MATCH "[0-9]+-[0-9]+-[0-9]+" ES_RELEASE_DATE "${releases}")

# es_manuals(PROGRAM PREFIX word...): its man page and its completion, which it prints itself from the tables that it
# parses with, and a page PREFIX-WORD for each command or group of commands; in the build's folder share and installed.
function(es_manuals program prefix)
  set(share ${CMAKE_BINARY_DIR}/share)
  file(MAKE_DIRECTORY ${share})
  set(pages ${share}/${program}.1)
  set(commands COMMAND ${program} help --man > ${share}/${program}.1)
  foreach(word IN LISTS ARGN)
    list(APPEND pages ${share}/${prefix}-${word}.1)
    list(APPEND commands COMMAND ${program} help --man ${word} > ${share}/${prefix}-${word}.1)
  endforeach()
  add_custom_command(TARGET ${program} POST_BUILD BYPRODUCTS ${pages} ${share}/${program}.bash
    ${commands}
    COMMAND ${program} help --completion > ${share}/${program}.bash
    VERBATIM)
  install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${share}/${program}.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
          RENAME ${program})
endfunction()

# es_format_page(NAME SUMMARY FILE.md): the page of a file format as the man page NAME(5).
find_program(ES_awk awk)
mark_as_advanced(ES_awk)
function(es_format_page name summary file)
  if(NOT ES_awk)
    return()
  endif()
  set(page ${CMAKE_BINARY_DIR}/share/${name}.5)
  set(script ${PROJECT_SOURCE_DIR}/cmake/manual.awk)
  add_custom_command(OUTPUT ${page}
    COMMAND ${ES_awk} -v name=${name} -v summary=${summary} -v date=${ES_RELEASE_DATE} -f ${script} ${file} > ${page}
    DEPENDS ${script} ${file} VERBATIM)
  add_custom_target(${name}_page ALL DEPENDS ${page})
  install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man5)
endfunction()

# What this build has and lacks, said once at the end of the configuration.
function(es_print_features)
  if(TARGET es::dnnl AND TARGET es::gomp)
    message(STATUS "edgesplit: oneDNN found: `edgesplit profile run` measures this CPU")
  else()
    message(STATUS "edgesplit: no oneDNN (apt install libdnnl-dev): `edgesplit profile run` cannot measure a CPU")
  endif()
  if(TARGET es::cudnn)
    message(STATUS "edgesplit: headers of CUDA and cuDNN ${ES_CUDNN_VERSION} found: `edgesplit profile run` measures NVIDIA "
                   "GPUs; the libraries are loaded when it does")
    if(BUILD_TESTING AND TARGET es::cupti)
      message(STATUS "edgesplit: header of CUPTI found: what is used of it is compared with it in tests")
    elseif(BUILD_TESTING)
      message(STATUS "edgesplit: no header of CUPTI (cuda-cupti-dev-13-0): the tests with a fake CUPTI are left out")
    endif()
  elseif(ES_CUDNN_VERSION)
    message(STATUS "edgesplit: cuDNN ${ES_CUDNN_VERSION} is too old (9.8 is needed): `edgesplit profile run` cannot measure a "
                   "GPU")
  else()
    message(STATUS "edgesplit: no headers of CUDA and cuDNN 9 (the CUDA toolkit and cudnn9-cuda-13-dev, or CMAKE_INCLUDE_PATH): "
                   "`edgesplit profile run` cannot measure a GPU")
  endif()
  if(ES_ONNX_FOUND)
    message(STATUS "edgesplit: protobuf-c and ONNX's schema found: networks are read from ONNX files")
  elseif(NOT ES_ONNX)
    message(STATUS "edgesplit: ONNX is off (ES_ONNX): networks are read from FILE.model and the zoo only")
  else()
    message(STATUS "edgesplit: no ONNX (apt install libonnx-dev protobuf-c-compiler libprotobuf-c-dev): networks are read "
                   "from FILE.model and the zoo only")
  endif()
  if(ES_LIBDEFLATE_FOUND)
    message(STATUS "edgesplit: libdeflate found: results are compressed with it")
  else()
    message(STATUS "edgesplit: no libdeflate (apt install libdeflate-dev): results are compressed with zlib, which is slower")
  endif()
  if(MPI_C_FOUND)
    message(STATUS "edgesplit: MPI ${MPI_C_VERSION} found: `edgesplit sweep mpi` runs under mpirun")
  else()
    message(STATUS "edgesplit: no MPI (apt install libopenmpi-dev): `edgesplit sweep mpi` is left out")
  endif()
  if(ES_PLOT_PYTHON)
    message(STATUS "edgesplit: ${ES_PLOT_PYTHON} has matplotlib and h5py: `edgesplit plot` draws figures")
  else()
    message(STATUS "edgesplit: no Python with matplotlib and h5py (apt install python3-matplotlib python3-h5py): "
                   "`edgesplit plot` needs EDGESPLIT_PYTHON")
  endif()
  if(NOT BUILD_TESTING)
    message(STATUS "edgesplit: tests are off (BUILD_TESTING)")
  endif()
endfunction()
