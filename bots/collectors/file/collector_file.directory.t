every file with the ending becomes a report
--- config
path: "@dir"
postfix: .csv
name: Example
--- clock
2026-01-31T00:00:00+00:00
--- file a.csv
one
--- file b.txt
not read
--- events
{"extra.file_name": "a.csv", "feed.accuracy": 100.0, "feed.name": "Example", "feed.url": "file://localhost@dir/a.csv", "raw": "one\n", "time.observation": "2026-01-31T00:00:00+00:00"}
