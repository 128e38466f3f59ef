# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The program and what tests it.
#
#	worker/*.c + daemon/*.c + cli/*.c   intelmq, one program with many names
#	<layer>/*_test.c          one cmocka program each, linked with its own and earlier layers
#	other *_test.c            (worker/, cli/, tests/, bots/) linked with everything
#	tests/*.c                 (no tests) help those tests
#	fuzz/<name>_fuzz.c        a libFuzzer program, in the preset fuzz
#	examples/*/<name>.c       a program, a part of an example: build/<preset>/examples/<name>
#	bench/<name>.c            a program, with bench/<name>_*.cc, with INTELMQ_BENCH (jansson and simdjson to
#	                          compare with)

sources_of(worker worker_sources)
sources_of(daemon daemon_sources)
sources_of(cli cli_sources)

# Archives that look into each other (the engine finds bots, bots call the engine).
list(JOIN BUILT_LAYERS "," everything)
if(INTELMQ_BOT_MODULES)
	# A loadable bot may call any function of the SDK, also one that nothing inside uses.
	set(everything "$<LINK_LIBRARY:WHOLE_ARCHIVE,${everything}>" bots)
else()
	set(everything "$<LINK_GROUP:RESCAN,bots,${everything}>")
endif()

# What worker/ and cli/ contain beside main(), for tests of them; main() is worker/main.c.
set(program_sources ${worker_sources} ${daemon_sources} ${cli_sources})
set(main_source ${program_sources})
list(FILTER main_source INCLUDE REGEX "/worker/main\\.c$")
list(FILTER program_sources EXCLUDE REGEX "/worker/main\\.c$")
set(programs "")
if(program_sources)
	add_library(programs STATIC ${program_sources})
	target_link_libraries(programs PUBLIC base)
	set(programs programs)
endif()

if(main_source)
	add_executable(intelmq ${main_source})
	target_link_libraries(intelmq PRIVATE base ${programs} ${everything})
	set_target_properties(intelmq PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}
		ENABLE_EXPORTS ${INTELMQ_BOT_MODULES})
	if(MODULE_TARGETS)
		add_dependencies(intelmq ${MODULE_TARGETS})
	endif()
	# bin/: the program under all of its names, as `make install` puts it into a directory of $PATH.
	add_custom_command(TARGET intelmq POST_BUILD
		COMMAND ${PROJECT_SOURCE_DIR}/tools/links $<TARGET_FILE:intelmq> ${PROJECT_BINARY_DIR}/bin ../intelmq
		COMMAND ${CMAKE_COMMAND} -E create_symlink ../intelmq ${PROJECT_BINARY_DIR}/bin/intelmq VERBATIM)
endif()

file(GLOB examples CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/examples/*/*.c)
foreach(example IN LISTS examples)
	get_filename_component(name ${example} NAME_WE)
	add_executable(example_${name} ${example})
	set_target_properties(example_${name} PROPERTIES OUTPUT_NAME ${name}
		RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
	target_link_libraries(example_${name} PRIVATE base ${programs} ${everything})
endforeach()

if(INTELMQ_TESTS)
	enable_testing()
	pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
	pkg_check_modules(JANSSON QUIET IMPORTED_TARGET jansson)
	sources_of(tests helpers)
	add_library(test_helpers STATIC ${helpers})
	target_link_libraries(test_helpers PUBLIC base)
	file(GLOB tests RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS
		lib/*_test.c message/*_test.c config/*_test.c state/*_test.c broker/*_test.c net/*_test.c
		engine/*_test.c worker/*_test.c daemon/*_test.c cli/*_test.c tests/*_test.c bots/*/*/*_test.c)
	foreach(test IN LISTS tests)
		string(REGEX REPLACE "_test\\.c$" "" name ${test})
		string(REPLACE "/" "_" target ${name}_test)
		string(REGEX REPLACE "/.*" "" layer ${test})
		add_executable(${target} ${test})
		set_target_properties(${target} PROPERTIES
			RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
		target_link_libraries(${target} PRIVATE base PkgConfig::CMOCKA
			$<TARGET_NAME_IF_EXISTS:PkgConfig::JANSSON>)
		if(layer STREQUAL "lib" OR layer STREQUAL "message")
			target_link_libraries(${target} PRIVATE ${LAYERS_UP_TO_${layer}})
		elseif(name STREQUAL "tests/botnet_model")
			include(cmake/gate.cmake)
		else()
			target_link_libraries(${target} PRIVATE test_helpers ${programs} ${everything})
		endif()
		add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
		set_tests_properties(${name} PROPERTIES TIMEOUT 120)
	endforeach()
endif()

if(INTELMQ_FUZZ)
	file(GLOB fuzzers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.c)
	foreach(fuzzer IN LISTS fuzzers)
		get_filename_component(target ${fuzzer} NAME_WE)
		add_executable(${target} ${fuzzer})
		set_target_properties(${target} PROPERTIES
			RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzz)
		target_link_libraries(${target} PRIVATE base ${programs} ${everything})
		target_link_options(${target} PRIVATE -fsanitize=fuzzer)
	endforeach()
endif()

if(INTELMQ_BENCH)
	include(CheckLanguage)
	check_language(CXX)
	if(CMAKE_CXX_COMPILER)
		enable_language(CXX)
		set(CMAKE_CXX_STANDARD 17)
		pkg_check_modules(SIMDJSON QUIET IMPORTED_TARGET simdjson)
	endif()
	pkg_check_modules(JANSSON QUIET IMPORTED_TARGET jansson)
	file(GLOB benches CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/*.c)
	foreach(bench IN LISTS benches)
		get_filename_component(name ${bench} NAME_WE)
		file(GLOB peers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bench/${name}_*.cc)
		add_executable(bench_${name} ${bench} ${peers})
		set_target_properties(bench_${name} PROPERTIES OUTPUT_NAME ${name}
			RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bench)
		target_link_libraries(bench_${name} PRIVATE ${programs} ${everything}
			$<TARGET_NAME_IF_EXISTS:PkgConfig::JANSSON>)
		target_include_directories(bench_${name} PRIVATE
			${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
		target_link_libraries(bench_${name} PRIVATE base
			$<$<BOOL:${peers}>:$<TARGET_NAME_IF_EXISTS:PkgConfig::SIMDJSON>>)
		set_source_files_properties(${peers} PROPERTIES COMPILE_OPTIONS "-w")
	endforeach()
endif()
