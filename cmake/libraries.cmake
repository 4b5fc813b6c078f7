# Packages of Debian 12 and 13, each as one imported target. scripts/packages/build.txt names the packages.
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp REQUIRED)
if(NOT TARGET yaml-cpp::yaml-cpp) # 0.7, Debian 12's, has the name alone
  add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
endif()
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(Boost 1.74 CONFIG REQUIRED) # headers alone: Asio and Beast
find_package(prometheus-cpp REQUIRED COMPONENTS core)

# Its classes change with its compile definitions: take Debian's own from the .pc file.
pkg_check_modules(httplib REQUIRED IMPORTED_TARGET cpp-httplib)
pkg_check_modules(libnl REQUIRED IMPORTED_TARGET libnl-3.0 libnl-genl-3.0 libnl-route-3.0)
pkg_check_modules(libyaml REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(libbpf REQUIRED IMPORTED_TARGET libbpf)
pkg_check_modules(ibverbs REQUIRED IMPORTED_TARGET libibverbs)

# Headers of libraries are not ours to warn about.
foreach(target PkgConfig::httplib PkgConfig::libnl PkgConfig::libyaml PkgConfig::libbpf PkgConfig::ibverbs
        yaml-cpp::yaml-cpp)
  get_target_property(aliased ${target} ALIASED_TARGET)
  if(aliased)
    set(target ${aliased})
  endif()
  get_target_property(directories ${target} INTERFACE_INCLUDE_DIRECTORIES)
  if(directories)
    set_target_properties(${target} PROPERTIES INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${directories}")
  endif()
endforeach()

# What kubectl-smc is linked with: as all programs with the shared libraries, or as one static file with archives. Debian has
# none of cpp-httplib; it is compiled of Debian's source then, which scripts/httplib-source fetches once. Off by default,
# since building needs no network otherwise; `make image` and `make release` switch it on.
option(SMC_STATIC_KUBECTL "kubectl-smc as one static file, with cpp-httplib of Debian's source package" OFF)

# smc_shared_or_static(NAME SHARED ARCHIVES...): a library that is SHARED, and ARCHIVES in programs with the property
# SMC_STATIC.
function(smc_shared_or_static name shared)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE "$<IF:$<BOOL:$<TARGET_PROPERTY:SMC_STATIC>>,${ARGN},${shared}>")
endfunction()
pkg_check_modules(openssl REQUIRED openssl) # for what its archives need in their turn: Debian 13's, zlib and zstd
list(TRANSFORM openssl_STATIC_LIBRARIES PREPEND -l)
smc_shared_or_static(smc_libssl "OpenSSL::SSL;OpenSSL::Crypto" ${openssl_STATIC_LIBRARIES})
smc_shared_or_static(smc_libyaml PkgConfig::libyaml -l:libyaml.a)
smc_shared_or_static(smc_httplib PkgConfig::httplib smc_httplib_archive)
if(SMC_STATIC_KUBECTL)
  execute_process(COMMAND ${PROJECT_SOURCE_DIR}/scripts/httplib-source ${CMAKE_SYSROOT}/
                  OUTPUT_VARIABLE source OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  add_library(smc_httplib_archive STATIC ${source}/httplib.cc)
  target_compile_options(smc_httplib_archive PRIVATE -w -ffile-prefix-map=${source}=) # no source of ours
  target_compile_options(smc_httplib_archive PRIVATE $<TARGET_PROPERTY:PkgConfig::httplib,INTERFACE_COMPILE_OPTIONS>)
  target_link_libraries(smc_httplib_archive PRIVATE smc_options PUBLIC smc_libssl -l:libbrotlienc.a -l:libbrotlidec.a
                        -l:libbrotlicommon.a -l:libz.a)
endif()
