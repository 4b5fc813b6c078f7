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
