# Warnings, hardening and sanitizers, carried by one interface target that every target of ours links.
# Set SMC_SANITIZE to a list for -fsanitize= ("address,undefined" or "thread"); the presets do.
set(SMC_SANITIZE "" CACHE STRING "sanitizers, as for -fsanitize=")

# Builds the fuzz targets, which need clang and "fuzzer-no-link" among the sanitizers; the preset `fuzz` sets all three.
option(SMC_FUZZ "build the fuzz targets" OFF)

add_library(smc_options INTERFACE)
target_compile_options(smc_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
                       -Wnon-virtual-dtor -Woverloaded-virtual -Werror -fstack-protector-strong)
# clang's -Wconversion says more than g++'s, for which the sources are written.
target_compile_options(smc_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-sign-conversion>)
target_compile_definitions(smc_options INTERFACE _GLIBCXX_ASSERTIONS)
target_include_directories(smc_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
# A program is the same wherever the tree is: OpenSSL's macros put __FILE__ into it.
target_compile_options(smc_options INTERFACE -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=)
target_link_options(smc_options INTERFACE -Wl,-z,relro,-z,now -Wl,--as-needed)

# Said here and not left to the distribution's compiler: position independence, no jump of the stack over its guard
# page, and indirect branches (on arm64 return addresses too) that the processor checks, where it can. test/image/hardened
# holds the programs to it.
target_compile_options(smc_options INTERFACE -fPIE -fstack-clash-protection)
include(CheckCXXCompilerFlag)
check_cxx_compiler_flag(-fcf-protection=full SMC_HAS_CF_PROTECTION)
if(SMC_HAS_CF_PROTECTION)
  target_compile_options(smc_options INTERFACE -fcf-protection=full)
endif()
check_cxx_compiler_flag(-mbranch-protection=standard SMC_HAS_BRANCH_PROTECTION)
if(SMC_HAS_BRANCH_PROTECTION)
  target_compile_options(smc_options INTERFACE -mbranch-protection=standard)
endif()

if(CMAKE_UNITY_BUILD)
  # Said of a type with a member of an unnamed namespace in anything that is not the main file, which here is no source
  # of ours but the one that includes several.
  target_compile_options(smc_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()

if(SMC_SANITIZE)
  # -Wno-maybe-uninitialized, -Wno-tsan: g++ 12 reports these in the standard library and Boost when instrumented.
  target_compile_options(smc_options INTERFACE -fsanitize=${SMC_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all
                         "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-tsan>")
  target_link_options(smc_options INTERFACE -fsanitize=${SMC_SANITIZE})
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Needs optimization. 3 also knows the sizes of what was allocated at run time.
  target_compile_definitions(smc_options INTERFACE _FORTIFY_SOURCE=3)
endif()

file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/maps)

# smc_executable(NAME SOURCES...): a program of ours, named as users type it. With the property SMC_STATIC it is one
# file that needs no loader, at an address that differs from run to run all the same.
function(smc_executable name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE smc_options)
  # what the linker took, for the licences and the bill of materials of the images
  target_link_options(${name} PRIVATE -Wl,-Map=${PROJECT_BINARY_DIR}/maps/${name}.map)
  target_link_options(${name} PRIVATE $<IF:$<BOOL:$<TARGET_PROPERTY:SMC_STATIC>>,-static-pie,-pie>)
  if(CMAKE_CROSSCOMPILING)
    # For tests that start it: the kernel does not know how to.
    list(JOIN CMAKE_CROSSCOMPILING_EMULATOR " " emulator)
    file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/emulated/${name}
         CONTENT "#!/bin/sh\nexec ${emulator} $<TARGET_FILE:${name}> \"$@\"\n"
         FILE_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
  endif()
endfunction()

# smc_library(NAME SOURCES...): a static library of ours.
function(smc_library name)
  add_library(${name} STATIC ${ARGN})
  target_link_libraries(${name} PUBLIC smc_options)
endfunction()
