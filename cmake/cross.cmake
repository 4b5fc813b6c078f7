# Toolchain file for another architecture than the machine's: Debian's cross compiler, and headers and libraries of that
# architecture from the folder that scripts/sysroot makes, nothing of it from this machine. The presets release-arm64
# and release-amd64 set SMC_ARCHITECTURE, Debian's name of it. Programs run under QEMU's user emulation.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SMC_ARCHITECTURE SMC_SYSROOT SMC_GNU_CPU)
if(NOT SMC_SYSROOT) # once a run of CMake; not within its trial compilations
  execute_process(COMMAND ${CMAKE_CURRENT_LIST_DIR}/../scripts/sysroot ${SMC_ARCHITECTURE}
                  OUTPUT_VARIABLE SMC_SYSROOT OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND dpkg-architecture --host-arch ${SMC_ARCHITECTURE} --query DEB_HOST_GNU_CPU
                  OUTPUT_VARIABLE SMC_GNU_CPU OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET COMMAND_ERROR_IS_FATAL ANY)
  # All that find_package found is in the cache, by its place.
  if(DEFINED CACHE{SMC_SYSROOT_FOUND} AND NOT SMC_SYSROOT_FOUND STREQUAL SMC_SYSROOT)
    message(FATAL_ERROR "The libraries of ${SMC_ARCHITECTURE} are new. hint: cmake --fresh --preset release-${SMC_ARCHITECTURE}")
  endif()
  set(SMC_SYSROOT_FOUND ${SMC_SYSROOT} CACHE INTERNAL "what scripts/sysroot printed")
endif()

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR ${SMC_GNU_CPU})
set(CMAKE_SYSROOT ${SMC_SYSROOT})
set(triplet ${SMC_GNU_CPU}-linux-gnu)
set(CMAKE_CXX_COMPILER ${triplet}-g++)

# The cross compiler's packages bring a C library and headers of their own, which Debian's security updates do not reach
# and which it prefers to those of a sysroot. So it is told each place.
execute_process(COMMAND ${CMAKE_CXX_COMPILER} -dumpversion OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE)
set(flags -nostdinc -nostdinc++)
foreach(folder include/c++/${version} include/${triplet}/c++/${version} include/c++/${version}/backward
        lib/gcc/${triplet}/${version}/include include/${triplet} include)
  list(APPEND flags -isystem ${CMAKE_SYSROOT}/usr/${folder})
endforeach()
# The programs are the same wherever the folder is.
list(APPEND flags -ffile-prefix-map=${CMAKE_SYSROOT}=)
list(APPEND flags -B${CMAKE_SYSROOT}/usr/lib/gcc/${triplet}/${version} -B${CMAKE_SYSROOT}/usr/lib/${triplet})
list(JOIN flags " " flags)
set(CMAKE_CXX_FLAGS "${flags}" CACHE STRING "as cmake/cross.cmake says" FORCE)

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})

find_program(SMC_QEMU qemu-${SMC_GNU_CPU}-static REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR ${SMC_QEMU} -L ${CMAKE_SYSROOT})
