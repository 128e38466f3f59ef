what does not match is dropped from the usual way and goes to its own paths
--- config
filter_key: source.geolocation.cc
filter_value: AT
filter_action: keep
--- messages
{"source.geolocation.cc": "AT"}
{"source.geolocation.cc": "DE"}
--- events
{"source.geolocation.cc": "AT"}
--- path filter_match
{"source.geolocation.cc": "AT"}
--- path action_other
{"source.geolocation.cc": "DE"}
--- path filter_no_match
{"source.geolocation.cc": "DE"}
