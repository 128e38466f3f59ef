contacts of both sides; what is no mail address is none, and what is there stays
--- dns
{"TXT 1.2.0.192.abuse-contacts.abusix.org": ["abuse@example.com"], "TXT 2.2.0.192.abuse-contacts.abusix.org": ["nobody"],
 "TXT 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.abuse-contacts.abusix.org": ["six@example.net"]}
--- messages
{"source.ip": "192.0.2.1", "destination.ip": "2001:db8::1"}
{"source.ip": "192.0.2.2", "destination.ip": "192.0.2.1", "destination.abuse_contact": "known@example.org"}
--- events
{"source.ip": "192.0.2.1", "source.abuse_contact": "abuse@example.com", "destination.ip": "2001:db8::1", "destination.abuse_contact": "six@example.net"}
{"source.ip": "192.0.2.2", "destination.ip": "192.0.2.1", "destination.abuse_contact": "known@example.org"}
