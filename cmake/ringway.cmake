# How every target of this project is built. A folder is a library: a new file in it needs no line here.

add_library(ringway_options INTERFACE)
target_compile_options(ringway_options INTERFACE -Wall -Wextra -Werror -Wno-missing-field-initializers)
target_include_directories(ringway_options INTERFACE ${CMAKE_SOURCE_DIR})
# Asio and Beast are built once, in ringway_asio, for every user sees declarations only.
target_compile_definitions(ringway_options INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_SEPARATE_COMPILATION
                                                     BOOST_BEAST_SEPARATE_COMPILATION)
if(RINGWAY_SANITIZE MATCHES thread)
  # TSan does not model fences. Asio's stand beside a mutex that it does model, so nothing is missed and nothing falsely seen.
  target_compile_options(ringway_options INTERFACE -Wno-tsan)
endif()
if(RINGWAY_SANITIZE)
  target_compile_options(ringway_options INTERFACE -fsanitize=${RINGWAY_SANITIZE} -fno-omit-frame-pointer
                                                   -fno-sanitize-recover=all)
  target_link_options(ringway_options INTERFACE -fsanitize=${RINGWAY_SANITIZE})
endif()
if(RINGWAY_SANITIZE MATCHES undefined)
  # The check of vptr asks the kernel by a pipe whether memory can be read, and takes the want of file descriptors, which
  # tests bring about, for a wrong object.
  target_compile_options(ringway_options INTERFACE -fno-sanitize=vptr)
endif()

find_program(RINGWAY_CCACHE ccache)
if(RINGWAY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${RINGWAY_CCACHE})
endif()

# Link-time optimisation, for the data plane and the programs that contain it: there a call from one file to the next is
# on the road of every byte, while linking all of the control plane that way takes minutes. A library holds both forms
# of its code, so that the many test programs are linked in a moment (GCC's -ffat-lto-objects).
function(ringway_optimise name)
  if(NOT RINGWAY_LTO)
    return()
  endif()
  target_compile_options(${name} PRIVATE -flto=auto -ffat-lto-objects)
  get_target_property(type ${name} TYPE)
  if(type STREQUAL "EXECUTABLE")
    target_link_options(${name} PRIVATE -flto=auto)
  endif()
endfunction()

# ringway_library(NAME [LIBRARIES…]): the sources of the calling folder, and what they link.
function(ringway_library name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC ringway_options ${ARGN})
endfunction()

# GCC 12 sees overflows in optimised code of the libraries' headers that are none: there a warning stays a warning.
function(ringway_tolerate_false_overflows name)
  target_compile_options(${name} PRIVATE -Wno-error=stringop-overflow -Wno-error=restrict -Wno-error=array-bounds
                                         -Wno-error=stringop-overread -Wno-error=maybe-uninitialized)
endfunction()

# ringway_test(NAME [LIBRARIES…]): one test program from the *_test.cc of the calling folder, whose name is its label.
function(ringway_test name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ringway_options GTest::gmock GTest::gtest_main ${ARGN})
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST PROPERTIES TIMEOUT 60 LABELS ${folder})
endfunction()

# cmake/asio.cc holds the bodies of Asio and Beast, so that no other file compiles them again.
add_library(ringway_asio STATIC ${CMAKE_SOURCE_DIR}/cmake/asio.cc)
target_link_libraries(ringway_asio PUBLIC ringway_options Threads::Threads OpenSSL::SSL)
