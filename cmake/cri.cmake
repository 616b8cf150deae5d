# gRPC, for the containerd source alone. RINGWAY_CRI says whether it is built; RINGWAY_WITH_CRI is what came of it, and
# ringway_cri_api then the generated code of discovery/source/cri/api.proto: without our warnings, and a system header
# to those who include it.
set(RINGWAY_CRI AUTO CACHE STRING "Build the containerd source: ON, OFF, or AUTO where gRPC is found")
set_property(CACHE RINGWAY_CRI PROPERTY STRINGS AUTO ON OFF)
set(RINGWAY_WITH_CRI OFF)
if(RINGWAY_CRI)
  pkg_check_modules(GRPC QUIET IMPORTED_TARGET grpc++>=1.51 protobuf>=3.21)
  find_program(RINGWAY_PROTOC protoc)
  find_program(RINGWAY_GRPC_PLUGIN grpc_cpp_plugin)
  if(GRPC_FOUND AND RINGWAY_PROTOC AND RINGWAY_GRPC_PLUGIN)
    set(RINGWAY_WITH_CRI ON)
  elseif(RINGWAY_CRI STREQUAL "AUTO")
    message(STATUS "The containerd source is left out: libgrpc++-dev, libprotobuf-dev, protobuf-compiler and "
                   "protobuf-compiler-grpc are not all here")
  else()
    message(FATAL_ERROR "RINGWAY_CRI=${RINGWAY_CRI} needs gRPC: install libgrpc++-dev, libprotobuf-dev, "
                        "protobuf-compiler and protobuf-compiler-grpc, or say RINGWAY_CRI=OFF")
  endif()
endif()

# What tools that read the sources need before anything is built.
add_custom_target(ringway_generated)
if(RINGWAY_WITH_CRI)
  set(generated ${CMAKE_BINARY_DIR}/generated)
  set(api discovery/source/cri/api)
  add_custom_command(
    OUTPUT ${generated}/${api}.pb.cc ${generated}/${api}.pb.h ${generated}/${api}.grpc.pb.cc ${generated}/${api}.grpc.pb.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
    COMMAND ${RINGWAY_PROTOC} -I ${CMAKE_SOURCE_DIR} --cpp_out=${generated} --grpc_out=${generated}
            --plugin=protoc-gen-grpc=${RINGWAY_GRPC_PLUGIN} ${CMAKE_SOURCE_DIR}/${api}.proto
    DEPENDS ${CMAKE_SOURCE_DIR}/${api}.proto
    VERBATIM)
  add_custom_target(ringway_generated_cri DEPENDS ${generated}/${api}.grpc.pb.h)
  add_dependencies(ringway_generated ringway_generated_cri)
  add_library(ringway_cri_api STATIC ${generated}/${api}.pb.cc ${generated}/${api}.grpc.pb.cc)
  target_include_directories(ringway_cri_api SYSTEM PUBLIC ${generated})
  target_link_libraries(ringway_cri_api PUBLIC PkgConfig::GRPC)
  # grpc++.pc names a hundred libraries, of which the program itself needs four.
  target_link_options(ringway_cri_api INTERFACE LINKER:--as-needed)
  if(RINGWAY_SANITIZE)
    target_compile_options(ringway_cri_api PRIVATE -fsanitize=${RINGWAY_SANITIZE} -fno-omit-frame-pointer)
  endif()
endif()
