# eBPF, for virtualIPs.mode steer alone. RINGWAY_STEER says whether it is built; RINGWAY_WITH_STEER is what came of it, and
# ringway_steer_program then proxy/steer/steer.bpf.c as a header that holds the compiled program and loads it.
set(RINGWAY_STEER AUTO CACHE STRING "Build virtualIPs.mode steer: ON, OFF, or AUTO where libbpf, clang and bpftool are found")
set_property(CACHE RINGWAY_STEER PROPERTY STRINGS AUTO ON OFF)
set(RINGWAY_WITH_STEER OFF)
if(RINGWAY_STEER)
  pkg_check_modules(BPF QUIET IMPORTED_TARGET libbpf>=1.0)
  find_program(RINGWAY_BPF_CLANG NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
  find_program(RINGWAY_BPFTOOL bpftool PATHS /usr/sbin /sbin)
  if(BPF_FOUND AND RINGWAY_BPF_CLANG AND RINGWAY_BPFTOOL)
    set(RINGWAY_WITH_STEER ON)
  elseif(RINGWAY_STEER STREQUAL "AUTO")
    message(STATUS "virtualIPs.mode steer is left out: libbpf-dev, clang and bpftool are not all here")
  else()
    message(FATAL_ERROR "RINGWAY_STEER=${RINGWAY_STEER} needs libbpf-dev, clang and bpftool: install them, or say "
                        "RINGWAY_STEER=OFF")
  endif()
endif()

if(RINGWAY_WITH_STEER)
  set(generated ${CMAKE_BINARY_DIR}/generated/bpf)
  add_custom_command(
    OUTPUT ${generated}/steer.skel.h
    COMMAND ${CMAKE_COMMAND} -E make_directory ${generated}
    COMMAND ${RINGWAY_BPF_CLANG} -target bpf -O2 -g -Wall -Werror -I ${CMAKE_SOURCE_DIR}
            -idirafter /usr/include/${CMAKE_LIBRARY_ARCHITECTURE} -fdebug-prefix-map=${CMAKE_SOURCE_DIR}=.
            -c ${CMAKE_SOURCE_DIR}/proxy/steer/steer.bpf.c -o ${generated}/steer.bpf.o
    COMMAND ${RINGWAY_BPFTOOL} gen skeleton ${generated}/steer.bpf.o name steer_program > ${generated}/steer.skel.h
    DEPENDS ${CMAKE_SOURCE_DIR}/proxy/steer/steer.bpf.c ${CMAKE_SOURCE_DIR}/proxy/steer/maps.h
    VERBATIM)
  add_custom_target(ringway_generated_steer DEPENDS ${generated}/steer.skel.h)
  add_dependencies(ringway_generated ringway_generated_steer)
  add_library(ringway_steer_program INTERFACE)
  add_dependencies(ringway_steer_program ringway_generated_steer)
  target_include_directories(ringway_steer_program SYSTEM INTERFACE ${generated})
  target_link_libraries(ringway_steer_program INTERFACE PkgConfig::BPF)
endif()
