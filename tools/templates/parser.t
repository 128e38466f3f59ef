write here what this test shows
--- report
# a comment
192.0.2.1
--- events
{"expected": "events of the report above, one JSON object a line"}
