without an address the bot does not start
--- config
name: Stream
--- refused
http_url
