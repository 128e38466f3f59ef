# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The language and the flags, collected in the interface target `options`.

option(INTELMQ_WERROR "Warnings are errors" OFF)
option(INTELMQ_TESTS "Build the unit tests" ON)
option(INTELMQ_FUZZ "Build fuzz/*_fuzz.c with libFuzzer (clang only)" OFF)
option(INTELMQ_BENCH "Build bench/*.c" OFF)
option(INTELMQ_HARDENING "Stack protector, fortified libc, read-only relocations" OFF)
option(INTELMQ_COVERAGE "Count what the tests execute (clang only)" OFF)
option(INTELMQ_BOT_MODULES "Bots that need a library of their own become loadable modules" OFF)
set(INTELMQ_SANITIZE "" CACHE STRING "Value for -fsanitize=, e.g. address,undefined")

set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

# Assertions state our own invariants and stay in every build: no NDEBUG.
set(CMAKE_C_FLAGS_RELEASE "-O2 -g")
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g")
set(CMAKE_C_FLAGS_DEBUG "-O1 -g3")

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_C_COMPILER_LAUNCHER)
	set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(options INTERFACE)
target_include_directories(options INTERFACE
	${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
target_compile_definitions(options INTERFACE _GNU_SOURCE)
target_compile_options(options INTERFACE
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wold-style-definition
	-Wmissing-prototypes -Wvla -Wformat=2 -Wundef -Wpointer-arith -Wwrite-strings
	# Rows of tables name only the columns they use; texts for people are cut on purpose.
	-Wno-missing-field-initializers -Wno-missing-braces
	$<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>)
target_link_options(options INTERFACE -Wl,--as-needed)

# Position-independent executables. Loadable bots are shared objects: -fPIC, added in bots.cmake
# behind this, wins there.
target_compile_options(options INTERFACE -fPIE)
target_link_options(options INTERFACE $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>)

if(INTELMQ_WERROR)
	target_compile_options(options INTERFACE -Werror)
endif()

if(INTELMQ_HARDENING)
	target_compile_options(options INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
		-fstack-protector-strong -fstack-clash-protection)
	target_link_options(options INTERFACE -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()

if(INTELMQ_SANITIZE)
	target_compile_options(options INTERFACE -fsanitize=${INTELMQ_SANITIZE}
		-fno-sanitize-recover=all -fno-omit-frame-pointer)
	target_link_options(options INTERFACE -fsanitize=${INTELMQ_SANITIZE})
endif()

if(INTELMQ_FUZZ)
	target_compile_options(options INTERFACE -fsanitize=fuzzer-no-link)
endif()

if(INTELMQ_COVERAGE)
	target_compile_options(options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
	target_link_options(options INTERFACE -fprofile-instr-generate)
endif()

# Many small test programs: the link is what takes time.
find_program(LLD ld.lld)
if(LLD AND (INTELMQ_SANITIZE OR CMAKE_BUILD_TYPE STREQUAL "Debug"))
	target_link_options(options INTERFACE -fuse-ld=lld)
endif()

configure_file(cmake/build_config.h.in generated/build_config.h @ONLY)
