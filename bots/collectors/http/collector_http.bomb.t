an archive that unpacks to far more than it has is an error, also where it need not be one
--- config
http_url: http://feeds.example/list
error_max_retries: 0
--- web
[{"method": "GET", "url": "http://feeds.example/list", "status": 200, "body_base64": "UEsDBC4AAAAMAAAAIVD2UB43MgAAAAAAEAEFAAAAemVyb3NCWmg5MUFZJlNZJ3iN6wCIisgAgAJAAAAIIAAwzAUppxoQhDYhCEPF3JFOFCQJ3iN6wFBLAQIuAy4AAAAMAAAAIVD2UB43MgAAAAAAEAEFAAAAAAAAAAAAAACAAQAAAAB6ZXJvc1BLBQYAAAAAAQABADMAAABVAAAAAAA="}]
--- events
--- log
ERROR - Bot has found a problem. archive: 158 bytes unpack to more than 200 times as many
