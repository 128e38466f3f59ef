addresses of the list are marked; what is no address, and comments, match nothing
--- config
database: "@dir/tor.dat"
--- file tor.dat
# exits

192.0.2.7
  198.51.100.9  
2001:db8::7
203.0.113.0/24
example.com
--- messages
{"source.ip": "192.0.2.7", "destination.ip": "198.51.100.9"}
{"source.ip": "2001:db8::7", "destination.ip": "192.0.2.8"}
{"source.ip": "203.0.113.0"}
{"source.fqdn": "example.com"}
--- events
{"destination.ip": "198.51.100.9", "destination.tor_node": true, "source.ip": "192.0.2.7", "source.tor_node": true}
{"destination.ip": "192.0.2.8", "source.ip": "2001:db8::7", "source.tor_node": true}
{"source.ip": "203.0.113.0"}
{"source.fqdn": "example.com"}
--- log
has 2 lines that are no addresses
