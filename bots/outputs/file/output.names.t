the name of the file is filled in from the event
--- config
file: "@dir/{event[source.ip]}-{event[time.source]:%Y-%m}.txt"
format_filename: true
single_key: comment
--- messages
{"source.ip": "192.0.2.1", "time.source": "2026-01-31T10:00:00+00:00", "comment": "one"}
{"source.ip": "192.0.2.2", "time.source": "2026-02-01T10:00:00+00:00", "comment": "two"}
{"comment": "nowhere"}
--- written 192.0.2.1-2026-01.txt
one
--- written 192.0.2.2-2026-02.txt
two
--- dumps
no field 'source.ip'
