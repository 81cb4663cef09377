# novelo_flags: how this project compiles its own code. Linked PRIVATE as $<BUILD_INTERFACE:novelo_flags>, so that
# no flag of ours reaches a program that links novelo.
add_library(novelo_flags INTERFACE)
target_compile_features(novelo_flags INTERFACE cxx_std_20)
target_compile_options(novelo_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Wundef
    -Woverloaded-virtual -Wimplicit-fallthrough -Wvla -Werror
    -Wno-missing-field-initializers>  # a designated initializer leaves out what keeps its default
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict -Wno-stringop-overflow>  # GCC 12 takes std::string's operator+ for an overlap (its bug 105651)
  # With a sanitizer's calls in between, GCC 12 takes the move of an empty lambda for a read of nothing.
  $<$<AND:$<BOOL:${NOVELO_SANITIZE}>,$<COMPILE_LANG_AND_ID:CXX,GNU>>:-Wno-uninitialized>
  # Nobody replaces a function of ours at load time; with that allowed, GCC inlines none that is not in a header.
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-semantic-interposition>
  $<$<COMPILE_LANG_AND_ID:CXX,Clang>:-Wthread-safety>
  -fno-omit-frame-pointer -fstack-clash-protection)
set_property(TARGET novelo_flags PROPERTY INTERFACE_POSITION_INDEPENDENT_CODE ON)

if(NOVELO_SANITIZE)
  # A sanitizer must see the whole program, so these are not confined to our targets.
  add_compile_options(-fsanitize=${NOVELO_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${NOVELO_SANITIZE})
endif()

if(PROJECT_IS_TOP_LEVEL)
  find_program(NOVELO_CCACHE ccache)
  mark_as_advanced(NOVELO_CCACHE)
  if(NOVELO_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    set(CMAKE_C_COMPILER_LAUNCHER ${NOVELO_CCACHE})
    # With CCACHE_DEPEND what is not in the cache is not preprocessed first.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1 CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${NOVELO_CCACHE})
  endif()
endif()
