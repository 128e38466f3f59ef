# SPDX-License-Identifier: AGPL-3.0-or-later
#
# The gate, tests/botnet_model_test.c: has the broker's sources once more, with rules that can be switched off and small
# sizes (broker/rules.h), and sees the calls between their parts.

sources_of(broker broker_sources)
sources_of(tests/botnet_model gate_sources)
target_sources(${target} PRIVATE ${broker_sources} ${gate_sources})
target_compile_definitions(${target} PRIVATE INTELMQ_RULES)
target_link_libraries(${target} PRIVATE test_helpers ${LAYERS_UP_TO_state})
foreach(seen core_commit core_receive core_give_back core_close core_push core_clear groups_state journal_close
	store_write store_size)
	target_link_options(${target} PRIVATE -Wl,--wrap=${seen})
endforeach()
