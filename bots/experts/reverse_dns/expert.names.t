the first answer that is a name counts; no answer and silence leave the event as it is
--- dns
{"PTR 1.2.0.192.in-addr.arpa": ["host.example.com."], "PTR 2.2.0.192.in-addr.arpa": ["10.0.0.1:80.", "second.example.net."],
 "PTR 3.2.0.192.in-addr.arpa": "timeout",
 "PTR 1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": ["six.example.net."]}
--- messages
{"source.ip": "192.0.2.1", "destination.ip": "2001:db8::1"}
{"source.ip": "192.0.2.2", "destination.ip": "192.0.2.4"}
{"source.ip": "192.0.2.3"}
{"source.ip": "192.0.2.1", "source.reverse_dns": "old.example.org"}
--- events
{"source.ip": "192.0.2.1", "source.reverse_dns": "host.example.com", "destination.ip": "2001:db8::1", "destination.reverse_dns": "six.example.net"}
{"source.ip": "192.0.2.2", "source.reverse_dns": "second.example.net", "destination.ip": "192.0.2.4"}
{"source.ip": "192.0.2.3"}
{"source.ip": "192.0.2.1", "source.reverse_dns": "old.example.org"}
