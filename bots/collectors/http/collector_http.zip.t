a zip file is unpacked also where nobody asked for it
--- config
http_url: http://feeds.example/list
name: Feed
--- clock
2026-03-01T12:00:00+00:00
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "headers": {}, "body_base64": "UEsDBBQAAAAIAAAAIVCn9EgFCwAAAAkAAAADAAAAYmFyS0osUihJrSjhAgBQSwMEFAAAAAgAAAAhUJdKJ0sLAAAACQAAAAMAAABmb29Ly89XKEmtKOECAFBLAQIUAxQAAAAIAAAAIVCn9EgFCwAAAAkAAAADAAAAAAAAAAAAAACAAQAAAABiYXJQSwECFAMUAAAACAAAACFQl0onSwsAAAAJAAAAAwAAAAAAAAAAAAAAgAEsAAAAZm9vUEsFBgAAAAACAAIAYgAAAFgAAAAAAA=="}]
--- events
{"feed.accuracy": 100.0, "feed.name": "Feed", "feed.url": "http://feeds.example/list", "extra.file_name": "bar", "raw": "bar text\n", "time.observation": "2026-03-01T12:00:00+00:00"}
{"feed.accuracy": 100.0, "feed.name": "Feed", "feed.url": "http://feeds.example/list", "extra.file_name": "foo", "raw": "foo text\n", "time.observation": "2026-03-01T12:00:00+00:00"}
--- log
INFO - Extracting files: 'bar'.
