# SPDX-License-Identifier: AGPL-3.0-or-later
#
# One static library per layer. A layer may use itself and earlier ones, which the order of linking
# and tools/lint.py check. A layer without sources is skipped.

set(LAYERS lib message config state broker net engine)

# Sources of a folder without its tests; the next build sees new files.
function(sources_of folder out)
	file(GLOB found CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${folder}/*.c)
	list(FILTER found EXCLUDE REGEX "_(test|fuzz)\\.c$")
	set(${out} ${found} PARENT_SCOPE)
endfunction()

set(BUILT_LAYERS "")
foreach(layer IN LISTS LAYERS)
	sources_of(${layer} sources)
	if(sources)
		add_library(layer_${layer} STATIC ${sources})
		target_link_libraries(layer_${layer} PUBLIC base)
		list(PREPEND BUILT_LAYERS layer_${layer}) # last layer first, as the linker wants them
		set(LAYERS_UP_TO_${layer} ${BUILT_LAYERS})
	endif()
endforeach()
