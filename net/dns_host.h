/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_host.h - what the name of a host may mean: an address, or one of several names (getaddrinfo(3), resolver(5)).
 */
#pragma once
#include "net/dns_conf.h"

/* An address, also in the forms that inet_aton(3) knows ("127.1"). */
bool dns_address_read(struct str name, struct ip *out);

/*
 * The n-th name that a host may have: itself first if it has dots enough, then in the search domains, then itself if it was
 * not tried. With a final dot it is itself only. False: there are no more.
 */
bool dns_candidate(const struct dns_conf *, struct str host, unsigned n, struct dns_name *out,
                   bool *itself_out);
