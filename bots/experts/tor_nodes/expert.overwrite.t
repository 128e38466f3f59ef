overwrite replaces a value that is there, and false is never written
--- config
database: "@dir/tor.dat"
overwrite: true
--- file tor.dat
192.0.2.7
--- messages
{"source.ip": "192.0.2.7", "source.tor_node": false}
{"source.ip": "192.0.2.8", "source.tor_node": true}
--- events
{"source.ip": "192.0.2.7", "source.tor_node": true}
{"source.ip": "192.0.2.8", "source.tor_node": true}
