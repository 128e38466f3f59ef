the longest prefix wins; addresses outside of the table pass unchanged
--- config
database: "@dir/ipasn.dat"
--- file ipasn.dat
; a small table
192.0.0.0/16	64496
192.0.2.0/24	64497
2001:db8::/32	64498
--- messages
{"source.ip": "192.0.2.1", "destination.ip": "2001:db8::1"}
{"source.ip": "198.51.100.1"}
--- events
{"destination.asn": 64498, "destination.ip": "2001:db8::1", "destination.network": "2001:db8::/32", "source.asn": 64497, "source.ip": "192.0.2.1", "source.network": "192.0.2.0/24"}
{"source.ip": "198.51.100.1"}
