of columns with the same name the last one counts
--- file shadowserver-schema.json
{"all": {"feed_name": "All", "file_name": "all", "constant_fields": {"classification.type": "other"},
  "required_fields": [["source.ip", "ip", "validate_ip"]]}}
--- report {"extra.file_name": "all.csv"}
"ip","ip","c","c"
"192.0.2.7","192.0.2.8","x","y"
"192.0.2.7","192.0.2.9","x",""
--- events
{"classification.type": "other", "extra.c": "y", "feed.name": "All", "raw": "\"ip\",\"ip\",\"c\",\"c\"\n\"192.0.2.7\",\"192.0.2.8\",\"x\",\"y\"", "source.ip": "192.0.2.8"}
{"classification.type": "other", "feed.name": "All", "raw": "\"ip\",\"ip\",\"c\",\"c\"\n\"192.0.2.7\",\"192.0.2.9\",\"x\",\"\"", "source.ip": "192.0.2.9"}
