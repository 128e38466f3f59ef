networks with the time of the list; a row without its second part is dumped
--- report {"feed.url": "https://www.spamhaus.org/drop/drop.txt"}
; Spamhaus DROP List
; Last-Modified: Fri, 31 Jan 2020 08:40:31 GMT
192.0.2.0/24 ; SBL256894
198.51.100.0/24
--- events
{"classification.type": "spam", "extra.blocklist": "SBL256894", "feed.url": "https://www.spamhaus.org/drop/drop.txt", "raw": "192.0.2.0/24 ; SBL256894", "source.network": "192.0.2.0/24", "time.source": "2020-01-31T08:40:31+00:00"}
--- dumps
no second part
