conversions of the schema, on cells with a value and without; what no field takes goes to extra
--- config
logging_level: DEBUG
feedname: Other
--- file shadowserver-schema.json
{"_meta": {"date_created": "2026-01-01", "change_log": ["2026-01-01 scan_example added"]},
 "all": {"feed_name": "All", "file_name": "all",
  "constant_fields": {"classification.type": "other"},
  "required_fields": [["time.source", "timestamp", "convert_date_utc"], ["source.ip", "ip", "validate_ip"]],
  "optional_fields": [
   ["extra.none", "n1", "validate_to_none"], ["extra.float", "f", "convert_float"], ["extra.zero", "z", "invalidate_zero"],
   ["source.network", "net", "validate_network"], ["source.fqdn", "hostname", "validate_fqdn"], ["extra.date", "d", "convert_date"],
   ["extra.b64", "b", "force_base64"], ["source.url", "url", "convert_http_host_and_url"],
   ["classification.taxonomy", "x", "scan_exchange_taxonomy"], ["extra.xtype", "x", "scan_exchange_type"], ["classification.identifier", "x", "scan_exchange_identifier"],
   ["extra.cat", "category", "category_or_detail"], ["extra.cves", "tag", "extract_cve_from_tag"],
   ["extra.plain", "plain"], ["extra.unknown", "plain", "no_such_function"],
   ["source.port", "port"], ["not.known", "nk"]]}}
--- report {"extra.file_name": "all.csv"}
"timestamp","ip","n1","f","z","net","hostname","d","b","url","application","x","category","detail","tag","plain","port","nk"
"2026-01-31 10:00:00","192.0.2.7","v","1.5","7","198.51.100.0/24","www.example.com","2026-01-30 09:08:07","aGk=","GET /a/b HTTP/1.1","https","a webshell","cat","det","cve-2020-2;x;cve-2020-1;cve-2020-2;cve-x-1","p","80","k"
"2026-01-31 10:00:01","192.0.2.8","unknown","","0","198.51.100.0","","no date","hi!","","","","","det","x","","http",""
"2026-01-31 10:00:02","0.0.0.0","0","","","","","","","","","","","","","","",""
"2026-01-31 10:00:03","192.0.2.9","","abc","","","","","","","","","","","","","",""
--- events
{"classification.identifier": "exchange-server-webshell", "classification.taxonomy": "intrusions", "classification.type": "other", "extra.application": "https", "extra.b64": "aGk=", "extra.cat": "cat", "extra.cves": "cve-2020-1;cve-2020-2", "extra.date": "2026-01-30T09:08:07+00:00", "extra.detail": "det", "extra.float": 1.5, "extra.none": "v", "extra.not.known": "k", "extra.plain": "p", "extra.unknown": "p", "extra.xtype": "system-compromise", "extra.zero": 7, "feed.name": "All", "raw": "\"timestamp\",\"ip\",\"n1\",\"f\",\"z\",\"net\",\"hostname\",\"d\",\"b\",\"url\",\"application\",\"x\",\"category\",\"detail\",\"tag\",\"plain\",\"port\",\"nk\"\n\"2026-01-31 10:00:00\",\"192.0.2.7\",\"v\",\"1.5\",\"7\",\"198.51.100.0/24\",\"www.example.com\",\"2026-01-30 09:08:07\",\"aGk=\",\"GET /a/b HTTP/1.1\",\"https\",\"a webshell\",\"cat\",\"det\",\"cve-2020-2;x;cve-2020-1;cve-2020-2;cve-x-1\",\"p\",\"80\",\"k\"", "source.fqdn": "www.example.com", "source.ip": "192.0.2.7", "source.network": "198.51.100.0/24", "source.port": 80, "source.url": "https://www.example.com/a/b", "time.source": "2026-01-31T10:00:00+00:00"}
{"classification.identifier": "vulnerable-exchange-server", "classification.taxonomy": "vulnerable", "classification.type": "other", "extra.b64": "aGkh", "extra.cat": "det", "extra.detail": "det", "extra.plain": "", "extra.port": "http", "extra.unknown": "", "extra.xtype": "vulnerable-system", "feed.name": "All", "raw": "\"timestamp\",\"ip\",\"n1\",\"f\",\"z\",\"net\",\"hostname\",\"d\",\"b\",\"url\",\"application\",\"x\",\"category\",\"detail\",\"tag\",\"plain\",\"port\",\"nk\"\n\"2026-01-31 10:00:01\",\"192.0.2.8\",\"unknown\",\"\",\"0\",\"198.51.100.0\",\"\",\"no date\",\"hi!\",\"\",\"\",\"\",\"\",\"det\",\"x\",\"\",\"http\",\"\"", "source.ip": "192.0.2.8", "time.source": "2026-01-31T10:00:01+00:00"}
{"classification.identifier": "vulnerable-exchange-server", "classification.taxonomy": "vulnerable", "classification.type": "other", "extra.cat": "", "extra.ip": "0.0.0.0", "extra.plain": "", "extra.unknown": "", "extra.xtype": "vulnerable-system", "feed.name": "All", "raw": "\"timestamp\",\"ip\",\"n1\",\"f\",\"z\",\"net\",\"hostname\",\"d\",\"b\",\"url\",\"application\",\"x\",\"category\",\"detail\",\"tag\",\"plain\",\"port\",\"nk\"\n\"2026-01-31 10:00:02\",\"0.0.0.0\",\"0\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"", "time.source": "2026-01-31T10:00:02+00:00"}
--- dumps
abc
--- log
Schema of 2026-01-01
Schema change: 2026-01-01 scan_example added
The schema has no feed 'Other'
Column 'port' goes to extra
