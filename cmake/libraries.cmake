# SPDX-License-Identifier: AGPL-3.0-or-later
#
# Libraries that every installation needs; packaging/deps.txt names their Debian packages. A library
# that only single bots need is named in the bot's `/* needs: … */` line instead.

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(BASE REQUIRED IMPORTED_TARGET
	yaml-0.1 libpcre2-8 libidn libcrypto libssl libxxhash libarchive zlib sqlite3 libseccomp
	libuv libcares libcurl)

# libunistring ships no .pc file.
find_library(UNISTRING unistring REQUIRED)

add_library(base INTERFACE)
target_link_libraries(base INTERFACE options PkgConfig::BASE Threads::Threads ${UNISTRING} m ${CMAKE_DL_LIBS})
