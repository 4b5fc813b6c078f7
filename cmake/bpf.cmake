# BPF programs: compiled by clang when the tree is built, for any kernel (CO-RE), and embedded whole.
#
# smc_bpf_program(LIBRARY programs/NAME.bpf.c): adds to LIBRARY a function smc::node::NAME_object(), which returns the
# object file's bytes; node-init/bpf/bpf_objects.h declares it. By .incbin and not as bpftool's skeleton: libbpf opens
# the bytes as they are, and neither bpftool nor generated code is needed to build.
find_program(SMC_BPF_CLANG NAMES clang clang-19 clang-14 REQUIRED)

function(smc_bpf_program library source)
  cmake_path(GET source STEM name) # NAME of programs/NAME.bpf.c
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${name}.bpf.o)
  # -g: CO-RE stands on the BTF that comes with it. -mcpu=v3: every kernel since 5.1 has it; clang's own default differs
  # from release to release. BPF_PROG has a parameter of its own. linux/types.h wants the architecture's asm/types.h. Of
  # no other headers does the object depend on the architecture, and it is the same for all of one byte order.
  set(prefix_map -fdebug-prefix-map=${PROJECT_SOURCE_DIR}=.)
  if(CMAKE_SYSROOT)
    list(APPEND prefix_map -fdebug-prefix-map=${CMAKE_SYSROOT}=)
  endif()
  add_custom_command(
    OUTPUT ${object}
    COMMAND ${SMC_BPF_CLANG} --target=bpf -mcpu=v3 -std=gnu11 -O2 -g ${prefix_map}
            -fdebug-compilation-dir=. -Wall -Wextra -Wno-unused-parameter -Werror
            -isystem ${CMAKE_SYSROOT}/usr/include -idirafter ${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
            -MD -MF ${object}.d -MT ${object} -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
    DEPENDS ${source}
    DEPFILE ${object}.d
    COMMENT "BPF program ${source}"
    VERBATIM)
  set(embedded ${CMAKE_CURRENT_BINARY_DIR}/${name}_object.cc)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/bpf_object.cc.in ${embedded} @ONLY)
  set_source_files_properties(${embedded} PROPERTIES OBJECT_DEPENDS ${object} SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${library} PRIVATE ${embedded})
endfunction()
