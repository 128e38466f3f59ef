the name of the file chooses the mapping; unknown columns are kept in extra
--- file shadowserver-schema.json
{"_meta": {"date_created": "2026-01-01"},
 "scan_example": {"feed_name": "Example-Scan", "file_name": "scan_example", "url": "https://feed.example/doc",
  "constant_fields": {"classification.type": "vulnerable-system", "protocol.application": "http"},
  "required_fields": [["time.source", "timestamp", "add_UTC_to_timestamp"], ["source.ip", "ip", "validate_ip"], ["source.port", "port", "convert_int"]],
  "optional_fields": [["source.asn", "asn", "invalidate_zero"], ["extra.", "ssl", "convert_bool"], ["extra.cves", "tag", "extract_cve_from_tag"], [false, "sector"]]}}
--- report {"extra.file_name": "2026-01-31-scan_example-country-geo.csv"}
"timestamp","ip","port","asn","ssl","tag","sector","banner"
"2026-01-31 10:00:00","192.0.2.7",80,64496,"Y","x;cve-2020-2;cve-2020-1","government","hello"
"2026-01-31 10:00:01","192.0.2.8","eighty",0,"N","","",""
--- events
{"classification.type": "vulnerable-system", "extra.banner": "hello", "extra.cves": "cve-2020-1;cve-2020-2", "extra.ssl": true, "feed.documentation": "https://feed.example/doc", "feed.name": "Example-Scan", "protocol.application": "http", "raw": "\"timestamp\",\"ip\",\"port\",\"asn\",\"ssl\",\"tag\",\"sector\",\"banner\"\n\"2026-01-31 10:00:00\",\"192.0.2.7\",80,64496,\"Y\",\"x;cve-2020-2;cve-2020-1\",\"government\",\"hello\"", "source.asn": 64496, "source.ip": "192.0.2.7", "source.port": 80, "time.source": "2026-01-31T10:00:00+00:00"}
--- dumps
eighty
