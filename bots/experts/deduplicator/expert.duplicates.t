the second message with the same fields is dropped; time.observation does not count
--- config
filter_keys: raw,time.source
--- messages
{"source.ip": "192.0.2.1", "time.observation": "2026-01-01T00:00:00+00:00"}
{"source.ip": "192.0.2.1", "time.observation": "2026-01-02T00:00:00+00:00", "raw": "other"}
{"source.ip": "192.0.2.2"}
--- events
{"source.ip": "192.0.2.1", "time.observation": "2026-01-01T00:00:00+00:00"}
{"source.ip": "192.0.2.2"}
