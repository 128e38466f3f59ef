a value that is there stays
--- config
database: "@dir/tor.dat"
--- file tor.dat
192.0.2.7
--- messages
{"source.ip": "192.0.2.7", "source.tor_node": false}
--- events
{"source.ip": "192.0.2.7", "source.tor_node": false}
