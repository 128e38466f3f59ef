an address with the date of yesterday in it; the answer is one report
--- config
http_url: "https://feeds.example/{time[%Y-%m-%d]}.csv"
http_url_formatting: {days: -1}
name: Feed
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "https://feeds.example/2026-02-28.csv", "status": 200, "body": "a,b\nc,d\n"}]
--- events
{"feed.accuracy": 100.0, "feed.name": "Feed", "feed.url": "https://feeds.example/2026-02-28.csv", "raw": "a,b\nc,d\n", "time.observation": "2026-03-01T12:00:00+00:00"}
--- log
INFO - Downloading report from 'https://feeds.example/2026-02-28.csv'.
INFO - Report downloaded.
