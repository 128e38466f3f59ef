with a whitelist only the named fields count
--- config
filter_type: whitelist
filter_keys: source.ip
--- messages
{"source.ip": "192.0.2.1", "comment": "a"}
{"source.ip": "192.0.2.1", "comment": "b"}
--- events
{"comment": "a", "source.ip": "192.0.2.1"}
