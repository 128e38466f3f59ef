# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The folder is the registry: bots/<kind>s/<family>/<name>.c defines
# `const struct bot_type <kind>s_<family>_<name>`, and generated/registry.c lists all of them.
#
# A bot with an early line `/* needs: libmaxminddb */` (names of pkg-config, separated by spaces) is
# built if all of them are there; else it is listed as known, not built. With INTELMQ_BOT_MODULES it
# becomes a module of its own, bots/<module>.so, so that the program does not depend on the library.

file(GLOB bots RELATIVE ${PROJECT_SOURCE_DIR}/bots CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bots/*/*/*.c)
list(FILTER bots EXCLUDE REGEX "_(test|fuzz)\\.c$")

set(sources "")
set(externs "")
set(pointers "")
set(paths "")
set(loadable "")
set(not_built "")
set(bots_libraries "")
set(MODULE_TARGETS "")

# Sets `needs` to the bot's libraries and `packages` to an imported target if all are there.
function(bot_libraries bot)
	set(path ${PROJECT_SOURCE_DIR}/bots/${bot})
	file(READ ${path} head LIMIT 1000)
	set(needs "")
	set(packages "")
	if(head MATCHES "/\\* needs: ([^*\n]+) \\*/")
		string(STRIP "${CMAKE_MATCH_1}" needs)
		string(MAKE_C_IDENTIFIER "NEEDS_${needs}" id)
		string(REPLACE " " ";" list "${needs}")
		pkg_check_modules(${id} QUIET IMPORTED_TARGET GLOBAL ${list})
		if(${id}_FOUND)
			set(packages PkgConfig::${id})
		endif()
		set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
	endif()
	set(needs "${needs}" PARENT_SCOPE)
	set(packages "${packages}" PARENT_SCOPE)
endfunction()

# Sets `module` to the public name in the bot's `.module = "…"` line.
function(bot_module bot)
	file(STRINGS ${PROJECT_SOURCE_DIR}/bots/${bot} line REGEX "^[\t ]*\\.module[\t ]*=" LIMIT_COUNT 1)
	if(NOT line MATCHES "\"([^\"]+)\"")
		message(FATAL_ERROR "bots/${bot}: no line .module = \"…\"")
	endif()
	set(module ${CMAKE_MATCH_1} PARENT_SCOPE)
endfunction()

foreach(bot IN LISTS bots)
	string(REGEX REPLACE "\\.c$" "" symbol ${bot})
	string(REPLACE "/" "_" symbol ${symbol})
	bot_libraries(${bot})
	if(needs AND NOT packages)
		bot_module(${bot})
		string(APPEND not_built "\t{ \"${module}\", \"${needs}\" },\n")
		message(STATUS "bots/${bot}: known, not built (needs ${needs})")
	elseif(needs AND INTELMQ_BOT_MODULES)
		bot_module(${bot})
		add_library(bot_${symbol} MODULE bots/${bot})
		target_link_libraries(bot_${symbol} PRIVATE options ${packages})
		target_compile_options(bot_${symbol} PRIVATE -fPIC)
		set_target_properties(bot_${symbol} PROPERTIES PREFIX "" OUTPUT_NAME ${module}
			LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bots)
		string(APPEND loadable "\t{ \"${module}\", \"${symbol}\" },\n")
		list(APPEND MODULE_TARGETS bot_${symbol})
	else()
		list(APPEND sources bots/${bot})
		list(APPEND bots_libraries ${packages})
		string(APPEND externs "extern const struct bot_type ${symbol};\n")
		string(APPEND pointers "\t&${symbol},\n")
		string(REGEX REPLACE "\\.c$" "" path ${bot})
		string(APPEND paths "\t\"${path}\",\n")
	endif()
endforeach()

# Rewritten only when its content changes.
file(CONFIGURE OUTPUT generated/registry.c @ONLY CONTENT [[
/* Generated from the tree of bots/. */
#include "engine/registry.h"

@externs@
const struct bot_type *const all_bots[] = {
@pointers@	NULL,
};
const size_t all_bots_count = sizeof all_bots / sizeof *all_bots - 1;

const char *const all_bots_paths[] = {
@paths@	NULL,
};

const struct bot_module loadable_bots[] = {
@loadable@	{ NULL, NULL },
};

const struct bot_not_built known_not_built[] = {
@not_built@	{ NULL, NULL },
};
]])

add_library(bots STATIC ${PROJECT_BINARY_DIR}/generated/registry.c ${sources})
target_link_libraries(bots PUBLIC base ${bots_libraries})
