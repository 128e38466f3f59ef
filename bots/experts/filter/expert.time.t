events older than 15 days are dropped
--- config
not_before: 15 days
--- clock
2026-01-31T00:00:00+00:00
--- messages
{"time.source": "2026-01-20T00:00:00+00:00"}
{"time.source": "2026-01-10T00:00:00+00:00"}
{"source.ip": "192.0.2.1"}
--- events
{"time.source": "2026-01-20T00:00:00+00:00"}
{"source.ip": "192.0.2.1"}
