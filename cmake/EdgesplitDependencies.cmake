# Libraries, each as one imported target es::NAME. What is needed and missing ends the configuration with the
# package to install; what is optional and missing is only said.
find_package(CUDAToolkit QUIET)

function(es_find_library name header library debian)
  find_path(ES_${name}_INCLUDE ${header} HINTS ${CUDAToolkit_INCLUDE_DIRS})
  find_library(ES_${name}_LIBRARY ${library} HINTS ${CUDAToolkit_LIBRARY_DIR})
  mark_as_advanced(ES_${name}_INCLUDE ES_${name}_LIBRARY)
  if(ES_${name}_INCLUDE AND ES_${name}_LIBRARY)
    add_library(es::${name} INTERFACE IMPORTED)
    target_include_directories(es::${name} SYSTEM INTERFACE ${ES_${name}_INCLUDE})
    target_link_libraries(es::${name} INTERFACE ${ES_${name}_LIBRARY})
  elseif(ARGV4 STREQUAL "REQUIRED")
    message(FATAL_ERROR "edgesplit needs ${header} (Debian: apt install ${debian}); ./bootstrap installs it")
  endif()
endfunction()

es_find_library(inih ini.h inih libinih-dev REQUIRED)
es_find_library(crypto openssl/evp.h crypto libssl-dev REQUIRED)
es_find_library(jansson jansson.h jansson libjansson-dev REQUIRED)
es_find_library(z zlib.h z zlib1g-dev REQUIRED)
es_find_library(m math.h m libc6-dev REQUIRED)
es_find_library(dnnl oneapi/dnnl/dnnl.h dnnl libdnnl-dev)

# es::cudnn: headers only, of CUDA and of a cuDNN that can plan for a GPU that is not there (9.8). The libraries are
# loaded when a GPU is measured, so that what is built here runs everywhere.
find_path(ES_cudnn_INCLUDE cudnn_graph.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_path(ES_cuda_INCLUDE NAMES cuda.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_path(ES_nvrtc_INCLUDE NAMES nvrtc.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
mark_as_advanced(ES_cudnn_INCLUDE ES_cuda_INCLUDE ES_nvrtc_INCLUDE)
if(ES_cudnn_INCLUDE AND ES_cuda_INCLUDE AND ES_nvrtc_INCLUDE)
  file(STRINGS ${ES_cudnn_INCLUDE}/cudnn_version.h numbers REGEX "^#define CUDNN_(MAJOR|MINOR) +[0-9]+")
  string(REGEX REPLACE "^#define CUDNN_MAJOR +([0-9]+);#define CUDNN_MINOR +([0-9]+).*$" "\\1.\\2" ES_CUDNN_VERSION
                       "${numbers}")
  if(ES_CUDNN_VERSION VERSION_GREATER_EQUAL 9.8 AND ES_CUDNN_VERSION VERSION_LESS 10)
    add_library(es::cudnn INTERFACE IMPORTED)
    target_include_directories(es::cudnn SYSTEM INTERFACE ${ES_cudnn_INCLUDE} ${ES_cuda_INCLUDE} ${ES_nvrtc_INCLUDE})
    target_link_libraries(es::cudnn INTERFACE ${CMAKE_DL_LIBS})
  endif()
endif()

# es::cupti: its header, which only tests need: what runs declares what it uses of it.
find_path(ES_cupti_INCLUDE cupti.h HINTS ${CUDAToolkit_INCLUDE_DIRS} ${CUDAToolkit_TARGET_DIR}/extras/CUPTI/include)
mark_as_advanced(ES_cupti_INCLUDE)
if(TARGET es::cudnn AND ES_cupti_INCLUDE)
  add_library(es::cupti INTERFACE IMPORTED)
  target_include_directories(es::cupti SYSTEM INTERFACE ${ES_cupti_INCLUDE})
endif()

# oneDNN's threads are set through the OpenMP runtime that it was linked with, which is gcc's whatever compiles this.
find_library(ES_gomp_LIBRARY NAMES gomp libgomp.so.1 HINTS ${CMAKE_C_IMPLICIT_LINK_DIRECTORIES})
mark_as_advanced(ES_gomp_LIBRARY)
if(ES_gomp_LIBRARY)
  add_library(es::gomp INTERFACE IMPORTED)
  target_link_libraries(es::gomp INTERFACE ${ES_gomp_LIBRARY})
endif()

find_package(GSL QUIET)
if(NOT GSL_FOUND)
  message(FATAL_ERROR "edgesplit needs GSL (Debian: apt install libgsl-dev); ./bootstrap installs it")
endif()
add_library(es::gsl ALIAS GSL::gsl)

find_package(HDF5 QUIET COMPONENTS C HL)
if(NOT HDF5_FOUND)
  message(FATAL_ERROR "edgesplit needs HDF5 (Debian: apt install libhdf5-dev); ./bootstrap installs it")
endif()
add_library(es::hdf5 INTERFACE IMPORTED)
target_include_directories(es::hdf5 SYSTEM INTERFACE ${HDF5_C_INCLUDE_DIRS})
target_link_libraries(es::hdf5 INTERFACE ${HDF5_C_HL_LIBRARIES} ${HDF5_C_LIBRARIES})

# es::onnx: code that reads ONNX files, generated from ONNX's schema; empty unless ES_ONNX_FOUND.
es_find_library(protobufc protobuf-c/protobuf-c.h protobuf-c libprotobuf-c-dev)
find_program(ES_protoc_c NAMES protoc-c)
find_path(ES_onnx_SCHEMA onnx.proto PATH_SUFFIXES onnx)
mark_as_advanced(ES_protoc_c ES_onnx_SCHEMA)
if(ES_ONNX AND TARGET es::protobufc AND ES_protoc_c AND ES_onnx_SCHEMA)
  set(ES_ONNX_FOUND TRUE)
  set(generated ${CMAKE_BINARY_DIR}/onnx)
  file(MAKE_DIRECTORY ${generated})
  add_custom_command(OUTPUT ${generated}/onnx.pb-c.c ${generated}/onnx.pb-c.h
    COMMAND ${ES_protoc_c} --proto_path=${ES_onnx_SCHEMA} --c_out=${generated} onnx.proto
    DEPENDS ${ES_onnx_SCHEMA}/onnx.proto VERBATIM)
  add_library(es_onnx_schema STATIC ${generated}/onnx.pb-c.c ${generated}/onnx.pb-c.h)
  target_compile_options(es_onnx_schema PRIVATE -w)
  target_include_directories(es_onnx_schema SYSTEM PUBLIC ${generated})
  target_link_libraries(es_onnx_schema PUBLIC es::protobufc)
  add_library(es::onnx ALIAS es_onnx_schema)
else()
  set(ES_ONNX_FOUND FALSE)
  add_library(es::onnx INTERFACE IMPORTED)
endif()

# es::deflate: libdeflate, which compresses results two to three times as fast as zlib; empty unless
# ES_LIBDEFLATE_FOUND.
set(ES_LIBDEFLATE_FOUND FALSE)
if(ES_LIBDEFLATE)
  es_find_library(deflate libdeflate.h deflate libdeflate-dev)
endif()
if(TARGET es::deflate)
  set(ES_LIBDEFLATE_FOUND TRUE)
else()
  add_library(es::deflate INTERFACE IMPORTED)
endif()

set(THREADS_PREFER_PTHREAD_FLAG TRUE)
find_package(Threads REQUIRED)
add_library(es::threads ALIAS Threads::Threads)

find_package(MPI QUIET COMPONENTS C)

# es_find_python(VARIABLE MODULES): the first python3 on PATH that imports the modules ("numpy, h5py"), which need not be
# the first python3. VARIABLE is false if there is none.
function(es_python_imports result path)
  execute_process(COMMAND ${path} -c "import ${modules}" RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
  if(failed)
    set(${result} FALSE PARENT_SCOPE)
  endif()
endfunction()
function(es_find_python variable modules)
  find_program(${variable} NAMES python3 VALIDATOR es_python_imports)
  mark_as_advanced(${variable})
endfunction()
es_find_python(ES_PLOT_PYTHON "h5py, matplotlib, numpy")

if(BUILD_TESTING)
  es_find_library(cmocka cmocka.h cmocka libcmocka-dev REQUIRED)

  # Optional: what the benchmarks are compared with.
  include(CheckLanguage)
  check_language(CXX)
  if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
    es_find_library(ns3 ns3/core-module.h ns3-core libns3-dev)
  endif()
endif()
