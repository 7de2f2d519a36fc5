# Flags that every target of ours is compiled with. Third-party headers come in as SYSTEM.

# GCC 12 follows values through optimised std::optional and std::string, and there sees faults that are none.
set(false_when_optimised -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow)

add_library(boxtrace_flags INTERFACE)
target_compile_options(boxtrace_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wconversion;-Wsign-conversion;-Wshadow;-Wnon-virtual-dtor;-Wold-style-cast;-Woverloaded-virtual;-Wimplicit-fallthrough;-Wformat=2;-Wundef;-Wno-missing-field-initializers>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<BOOL:${BOXTRACE_WERROR}>>:-Werror>
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:Release,RelWithDebInfo>>:${false_when_optimised}>
  -fstack-protector-strong
  $<$<CONFIG:Release,RelWithDebInfo>:-D_FORTIFY_SOURCE=2>
  $<$<CONFIG:Debug>:-D_GLIBCXX_ASSERTIONS>)
target_include_directories(boxtrace_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_link_options(boxtrace_flags INTERFACE -Wl,-z,relro,-z,now)

# Instrumentation is kept apart: programs that live tests trace, and what runs inside a container, are
# built without it.
add_library(boxtrace_instrumentation INTERFACE)
if(BOXTRACE_SANITIZE)
  target_compile_options(boxtrace_instrumentation INTERFACE
    -fsanitize=${BOXTRACE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    -g1)  # enough for the line numbers of a report, and quicker to build
  target_link_options(boxtrace_instrumentation INTERFACE -fsanitize=${BOXTRACE_SANITIZE})
endif()
if(BOXTRACE_FUZZ)
  target_compile_options(boxtrace_instrumentation INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(BOXTRACE_COVERAGE)
  target_compile_options(boxtrace_instrumentation INTERFACE --coverage)
  target_link_options(boxtrace_instrumentation INTERFACE --coverage)
endif()
