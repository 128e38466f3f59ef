# SPDX-License-Identifier: AGPL-3.0-or-later
#
# `make install`: the program, its loadable bots, the SDK's headers, and the systemd unit.

if(TARGET intelmq)
	install(TARGETS intelmq RUNTIME)
	install(CODE "execute_process(COMMAND_ERROR_IS_FATAL ANY COMMAND
		${PROJECT_SOURCE_DIR}/tools/links $<TARGET_FILE:intelmq> \$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR})")
endif()
if(MODULE_TARGETS)
	install(TARGETS ${MODULE_TARGETS} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/intelmq/bots)
endif()
install(DIRECTORY include/intelmq DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(EXISTS ${PROJECT_SOURCE_DIR}/etc)
	install(DIRECTORY etc/ DESTINATION ${CMAKE_INSTALL_DATADIR}/intelmq/etc)
endif()

set(unit_source ${PROJECT_SOURCE_DIR}/packaging/systemd/intelmqd.service)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${unit_source})
file(READ ${unit_source} unit)
string(REPLACE /usr/local/bin "${CMAKE_INSTALL_FULL_BINDIR}" unit "${unit}")
file(WRITE ${PROJECT_BINARY_DIR}/generated/intelmqd.service "${unit}")
install(FILES ${PROJECT_BINARY_DIR}/generated/intelmqd.service DESTINATION lib/systemd/system)
